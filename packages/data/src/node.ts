export { type Checksum, download, DownloadError, type DownloadOptions } from "./node/download.ts";
export { mnistFromFolder, mnistFromPackage } from "./node/mnist-folder.ts";
export { mnistFromUrl, type MnistUrlOptions } from "./node/mnist-url.ts";
