"""PyTorch as a worker of the benchmarks: requests on stdin, answers on stdout, one JSON object a line."""

import base64
import json
import math
import os
import resource
import sys
import time

MASK = 0xFFFFFFFF
SEEDS = {"left": 1, "right": 2, "x": 3, "y": 4, "batch": 5, "target": 6, "image": 7, "filters": 8, "slope": 9, "weights": 16}

# This file has the name of the package that it imports; its folder must not be searched first.
sys.path = [path for path in sys.path if os.path.abspath(path or ".") != os.path.dirname(os.path.abspath(__file__))]

answers = sys.stdout
sys.stdout = sys.stderr
torch = None


def load_torch(threads):
    global torch
    import torch as module

    torch = module
    torch.set_num_threads(threads)


def uniform(seed, length):
    """The numbers of `inputs.ts`, in float64."""
    h = (torch.arange(1, length + 1, dtype=torch.int64) * 0x9E3779B1) & MASK
    h = h ^ ((seed * 0x85EBCA6B) & MASK)
    h = ((h ^ (h >> 16)) * 0x21F0AAAD) & MASK
    h = ((h ^ (h >> 15)) * 0x735A2D97) & MASK
    h = h ^ (h >> 15)
    return (h >> 8).double() / 2**24


def centred(seed, length, scale):
    return ((2 * uniform(seed, length) - 1) * scale).float()


class Product:
    def __init__(self, work):
        n, form = work["n"], work["form"]
        a = centred(SEEDS["left"], n * n, 1).reshape(n, n)
        b = centred(SEEDS["right"], n * n, 1).reshape(n, n)
        # A transposed operand is stored transposed and seen through a view.
        self.a = a.t().contiguous().t() if form == "TN" else a
        self.b = b.t().contiguous().t() if form == "NT" else b
        self.out = torch.empty(n, n)

    def run(self, times):
        for _ in range(times):
            torch.mm(self.a, self.b, out=self.out)
        self.result = self.out.clone()

    def results(self):
        return {"result": self.result}


class Elementwise:
    OPERATIONS = {
        "chain": lambda x, y: (torch.relu(x * y + x) - y).square().sqrt(),
        "exp": lambda x, y: torch.exp(x),
        "softmax": lambda x, y: torch.softmax(x, -1),
        "sum": lambda x, y: x.sum(),
    }

    def __init__(self, work):
        rows, columns = work["rows"], work["columns"]
        self.x = centred(SEEDS["x"], rows * columns, 4).reshape(rows, columns)
        self.y = centred(SEEDS["y"], rows * columns, 4).reshape(rows, columns)
        self.op = self.OPERATIONS[work["op"]]

    def run(self, times):
        with torch.no_grad():
            for _ in range(times):
                out = self.op(self.x, self.y)
        self.result = out.clone()

    def results(self):
        return {"result": self.result}


class Convolution:
    def __init__(self, work):
        shape = work["shape"]
        batch, size, kernel = shape["batch"], shape["size"], shape["kernel"]
        self.options = {"stride": shape["stride"], "padding": shape["padding"]}
        side = (size + 2 * shape["padding"] - kernel) // shape["stride"] + 1
        x_shape = [batch, shape["inChannels"], size, size]
        w_shape = [shape["outChannels"], shape["inChannels"], kernel, kernel]
        dy_shape = [batch, shape["outChannels"], side, side]
        x, w, dy = (
            centred(SEEDS[name], math.prod(of), 1).reshape(of)
            for name, of in (("image", x_shape), ("filters", w_shape), ("slope", dy_shape))
        )
        self.op = {
            "forward": lambda: torch.nn.functional.conv2d(x, w, **self.options),
            "input": lambda: torch.nn.grad.conv2d_input(x_shape, w, dy, **self.options),
            "weight": lambda: torch.nn.grad.conv2d_weight(x, w_shape, dy, **self.options),
        }[work["pass"]]

    def run(self, times):
        with torch.no_grad():
            for _ in range(times):
                out = self.op()
        self.result = out.clone()

    def results(self):
        return {"result": self.result}


def dense(layers, activation):
    modules = []
    for i, (inputs, outputs) in enumerate(zip(layers, layers[1:])):
        modules.append(torch.nn.Linear(inputs, outputs))
        if i < len(layers) - 2:
            modules.append(torch.nn.ReLU() if activation == "relu" else torch.nn.Tanh())
    return modules


def convolutional(network):
    channels, modules = network["channels"], []
    for inputs, outputs in zip(channels, channels[1:]):
        modules.append(torch.nn.Conv2d(inputs, outputs, network["kernel"], padding="same"))
        modules += [torch.nn.ReLU(), torch.nn.MaxPool2d(2)]
    return torch.nn.Sequential(*modules, torch.nn.Flatten(), *dense(network["layers"], "relu"))


def recurrent(network):
    class SequenceReader(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = torch.nn.LSTM(network["inputs"], network["hidden"])
            self.head = torch.nn.Linear(network["hidden"], network["classes"])

        def forward(self, x):
            return self.head(self.lstm(x)[0][-1])

    return SequenceReader()


def encoder(network):
    class Encoder(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.TransformerEncoderLayer(
                network["features"], network["heads"], network["feedForward"], dropout=0, batch_first=True
            )
            self.head = torch.nn.Linear(network["features"], network["classes"])

        def forward(self, x):
            return self.head(self.layer(x).mean(1))

    return Encoder()


NETWORKS = {
    "dense": lambda network: torch.nn.Sequential(*dense(network["layers"], network["activation"])),
    "convolutional": convolutional,
    "recurrent": recurrent,
    "encoder": encoder,
}


def initialize(model):
    """The numbers of `initialParameters`: weights within ±1/√(inputs of one output), their biases too."""
    seed = SEEDS["weights"]
    for module in model.modules():
        normalizes = isinstance(module, torch.nn.LayerNorm)
        for parameter in module.parameters(recurse=False):
            if parameter.dim() > 1:
                scale = parameter[0].numel() ** -0.5
            with torch.no_grad():
                if normalizes:
                    parameter.fill_(1 if parameter is module.weight else 0)
                else:
                    parameter.copy_(centred(seed, parameter.numel(), scale).reshape(parameter.shape))
            seed += 1


def input_shape(network, batch):
    """As in `network.ts`."""
    if network["kind"] == "dense":
        return [batch, network["layers"][0]]
    if network["kind"] == "convolutional":
        return [batch, network["channels"][0], network["size"], network["size"]]
    if network["kind"] == "recurrent":
        return [network["steps"], batch, network["inputs"]]
    return [batch, network["steps"], network["features"]]


class Training:
    def __init__(self, work):
        network, batch = work["network"], work["batch"]
        classifier = network.get("activation") != "tanh"
        self.model = NETWORKS[network["kind"]](network)
        initialize(self.model)
        self.loss_of = torch.nn.functional.cross_entropy if classifier else torch.nn.functional.mse_loss
        optimizer = torch.optim.Adam if work["optimizer"] == "adam" else torch.optim.SGD
        self.optimizer = optimizer(self.model.parameters(), lr=work["learningRate"])
        shape = input_shape(network, batch)
        self.x = uniform(SEEDS["batch"], math.prod(shape)).float().reshape(shape)
        outputs = network["classes"] if "classes" in network else network["layers"][-1]
        if classifier:
            self.target = (uniform(SEEDS["target"], batch) * outputs).long()
        else:
            self.target = uniform(SEEDS["target"], batch * outputs).float().reshape(batch, outputs)

    def step(self, x, target):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss_of(self.model(x), target)
        loss.backward()
        self.optimizer.step()
        return loss

    def run(self, times):
        for _ in range(times):
            loss = self.step(self.x, self.target)
        self.loss = loss.item()

    def results(self):
        parameters = {str(i): p.detach() for i, p in enumerate(self.model.parameters())}
        return {"loss": torch.tensor([self.loss]), **parameters}


WORK = {"product": Product, "elementwise": Elementwise, "convolution": Convolution, "training": Training}


def read_digits(folder, part):
    def data(name, header):
        with open(os.path.join(folder, f"{part}-{name}-ubyte"), "rb") as file:
            return torch.frombuffer(bytearray(file.read()[header:]), dtype=torch.uint8)

    labels = data("labels-idx1", 8).long()
    return data("images-idx3", 16).reshape(len(labels), -1).float() / 255, labels


def reach_target(target):
    training = target["training"]
    work = Training({**training, "batch": 1})
    images, labels = read_digits(target["folder"], "train")
    test_images, test_labels = read_digits(target["folder"], "t10k")
    batch = training["batch"]
    per_epoch = len(labels) // batch
    between = per_epoch // target["testsPerEpoch"]
    steps, accuracy = 0, 0.0
    for epoch in range(target["maxEpochs"]):
        order = torch.argsort(uniform(1000 + epoch, len(labels)), stable=True)
        for i in range(per_epoch):
            rows = order[i * batch : (i + 1) * batch]
            work.step(images[rows], labels[rows])
            steps += 1
            if steps % between == 0:
                with torch.no_grad():
                    accuracy = (work.model(test_images).argmax(1) == test_labels).double().mean().item()
                if accuracy >= target["accuracy"]:
                    return {"accuracy": accuracy, "steps": steps}
    return {"accuracy": accuracy, "steps": steps}


def encode(values):
    return base64.b64encode(values.float().contiguous().numpy().tobytes()).decode()


def peak_memory():
    """Linux counts what the parent had before it started this process, but not in its status file."""
    if sys.platform == "linux":
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def held_by_tensors(work, steps):
    """The most that PyTorch's allocator had given out at once, from before the model is made: every tensor counts."""
    from torch.profiler import ProfilerActivity, profile

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        WORK[work["kind"]](work).run(steps)
    events = [event for event in profiled.profiler.kineto_results.events() if event.name() == "[memory]"]
    held = most = 0
    for event in sorted(events, key=lambda event: event.start_ns()):
        held += event.nbytes()
        most = max(most, held)
    return most


ready = None


def answer(request):
    global ready
    command = request["command"]
    if command == "open":
        load_torch(request["threads"])
        mode = torch.backends.cpu.get_cpu_capability()
        return {"version": torch.__version__, "mode": mode, "threads": torch.get_num_threads()}
    if command == "check":
        work = WORK[request["work"]["kind"]](request["work"])
        work.run(request["steps"] if request["work"]["kind"] == "training" else 1)
        return {name: encode(values) for name, values in work.results().items()}
    if command == "prepare":
        ready = WORK[request["work"]["kind"]](request["work"])
        return None
    if command == "run":
        start = time.perf_counter()
        ready.run(request["times"])
        return {"milliseconds": (time.perf_counter() - start) * 1e3}
    if command == "release":
        ready = None
        return None
    if command == "start-up":
        start = time.perf_counter()
        load_torch(request["threads"])
        WORK[request["work"]["kind"]](request["work"]).run(1)
        return {"milliseconds": (time.perf_counter() - start) * 1e3}
    if command == "target":
        return reach_target(request["target"])
    if command == "tensors":
        load_torch(request["threads"])
        return {"tensors": held_by_tensors(request["work"], request["steps"]), "linearMemory": 0}
    if command == "memory":
        return {"bytes": peak_memory()}
    raise ValueError(f"unknown command {command}")


for line in sys.stdin:
    try:
        reply = {"result": answer(json.loads(line))}
    except Exception as error:  # noqa: BLE001 — whatever it is, the runner reports it
        reply = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(reply), file=answers, flush=True)
