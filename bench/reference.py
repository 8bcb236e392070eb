"""Times the published SAMUS (PyTorch) on this machine's CPU, in turns with our own benchmark.

What it is for: our Node benchmark starts this program as a child process and alternates its own runs
with the ones here, so that both sides see the same machine state and only ratios are reported.
What it is not: part of the product, a test, or a way to train. Nothing of the checkout is changed;
what it assumes about CUDA, Tk and torchvision is stubbed from outside.

Usage:   python bench/reference.py DIR [--threads N] [--seed S]
  DIR    a checkout of the published code (github xianlin7/SAMUS), weights are random.
Needs:   torch, einops; for `export` and `onnx_export` also onnx (and onnxruntime for the latter).

Protocol: one command per line on standard input, one JSON object per line on standard output
(anything the libraries print goes to standard error). Models are built on first use, and the first
run of each kind is preceded by one untimed run.

  encode torch_fp32    image encoder, one 256x256 image, float32 eager
  encode torch_bf16    the same under bfloat16 autocast
  encode onnx_export   the plain torch.onnx.export of the encoder in onnxruntime's Python package
  decode torch_fp32    prompt encoder and mask decoder for one click on a fixed image embedding
  train torch_fp32     one training step (published loss, Adam, frozen parts frozen), one image
  export PATH          write the plain ONNX export of the encoder (input `image`, output `embedding`)
  info                 versions and thread count
  quit

Answers: {"name": "encode torch_fp32", "ms": 2512.3, "peak_mb": 1480.2}; `ms` is wall time, `peak_mb`
the highest resident memory of this process during that run (weights and everything built so far
included). A command that fails answers {"name": ..., "error": "..."} and the program goes on.
"""

import argparse
import json
import os
import sys
import tempfile
import time
import types

IMAGE_SIZE = 256
LEARNING_RATE = 5e-4


class Unavailable(Exception):
    """A package or file that a command needs is missing."""


def need(package):
    """Import a package, or say in one sentence that it is missing."""
    try:
        return __import__(package)
    except ImportError as error:
        raise Unavailable(f"the Python package '{package}' is missing: {error}") from error


def stub_unused_imports():
    """Stand-ins for modules the checkout imports at the top of its files but never uses here."""
    for module, names in {
        "tkinter": ["X"],
        "turtle": ["shape"],
        "torchvision": [],
        "torchvision.ops": [],
        "torchvision.ops.boxes": ["batched_nms", "box_area"],
    }.items():
        # Stubbed even where the real one exists: Tk may be installed without its library.
        stub = types.ModuleType(module)
        for name in names:
            setattr(stub, name, None)
        sys.modules[module] = stub


def peak_mb_reset():
    """Restart the kernel's record of this process's highest resident memory (Linux)."""
    try:
        with open("/proc/self/clear_refs", "w") as handle:
            handle.write("5")
    except OSError:
        pass


def peak_mb():
    """Highest resident memory since the last reset, in 10^6 bytes (since the start where it cannot be reset)."""
    try:
        with open("/proc/self/status") as handle:
            for line in handle:
                if line.startswith("VmHWM:"):
                    return round(int(line.split()[1]) * 1024 / 1e6, 1)
    except OSError:
        pass
    import resource

    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6, 1)


class Reference:
    """The published model with random weights, and one timed run of each kind."""

    def __init__(self, directory, threads, seed):
        self.directory = directory
        self.threads = threads
        self.seed = seed
        self._model = None
        self._optimizer = None
        self._session = None
        self._embedding = None
        self._warm = set()

    def torch(self):
        torch = need("torch")
        if torch.get_num_threads() != self.threads:
            torch.set_num_threads(self.threads)
        return torch

    def model(self):
        if self._model is not None:
            return self._model
        torch = self.torch()
        need("einops")
        if not os.path.isdir(os.path.join(self.directory, "models", "segment_anything_samus")):
            raise Unavailable(f"no SAMUS checkout in '{self.directory}': models/segment_anything_samus is missing")
        stub_unused_imports()
        if self.directory not in sys.path:
            sys.path.insert(0, self.directory)
        from models.segment_anything_samus.build_sam_us import build_samus_vit_b

        torch.manual_seed(self.seed)
        model = build_samus_vit_b(types.SimpleNamespace(encoder_input_size=IMAGE_SIZE))
        with torch.no_grad():
            # Position tables start at zero; real ones are not, and a run on zeros proves nothing.
            for parameter in model.parameters():
                if not parameter.any():
                    parameter.normal_(0, 0.02)
        self._model = model
        return model

    def image(self):
        torch = self.torch()
        return torch.rand(1, 1, IMAGE_SIZE, IMAGE_SIZE, generator=torch.Generator().manual_seed(self.seed))

    def click(self):
        torch = self.torch()
        return torch.tensor([[[120.0, 96.0]]]), torch.ones(1, 1)

    def embedding(self):
        if self._embedding is None:
            with self.torch().no_grad():
                self._embedding = self.model().image_encoder(self.image())
        return self._embedding

    def export(self, path):
        """The plain export: the encoder as it is, through whichever exporter this torch still has."""
        torch = self.torch()
        need("onnx")
        encoder = self.model().image_encoder.eval()
        names = {"input_names": ["image"], "output_names": ["embedding"]}
        failures = []
        for dynamo in (False, True):
            try:
                torch.onnx.export(encoder, (self.image(),), path, opset_version=18, dynamo=dynamo, **names)
                return {"path": path, "bytes": os.path.getsize(path), "exporter": "dynamo" if dynamo else "torchscript"}
            except Exception as error:  # one exporter failing is expected on some torch versions
                failures.append(f"{'dynamo' if dynamo else 'torchscript'}: {error}")
        raise Unavailable("torch.onnx.export failed; " + "; ".join(failures))

    def session(self):
        if self._session is None:
            onnxruntime = need("onnxruntime")
            with tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "encoder.onnx")
                self.export(path)
                options = onnxruntime.SessionOptions()
                options.intra_op_num_threads = self.threads
                self._session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        return self._session

    def encode_torch_fp32(self):
        torch, encoder, image = self.torch(), self.model().image_encoder, self.image()

        def run():
            with torch.inference_mode():
                encoder(image)

        return run

    def encode_torch_bf16(self):
        torch, encoder, image = self.torch(), self.model().image_encoder, self.image()

        def run():
            with torch.inference_mode(), torch.autocast("cpu", dtype=torch.bfloat16):
                encoder(image)

        return run

    def encode_onnx_export(self):
        session, image = self.session(), self.image().numpy()
        return lambda: session.run(None, {"image": image})

    def decode_torch_fp32(self):
        torch, model, embedding = self.torch(), self.model(), self.embedding()

        def run():
            with torch.inference_mode():
                sparse, dense = model.prompt_encoder(points=self.click(), boxes=None, masks=None)
                low, _ = model.mask_decoder(
                    image_embeddings=embedding,
                    image_pe=model.prompt_encoder.get_dense_pe(),
                    sparse_prompt_embeddings=sparse,
                    dense_prompt_embeddings=dense,
                    multimask_output=False,
                )
                torch.nn.functional.interpolate(low, (IMAGE_SIZE, IMAGE_SIZE), mode="bilinear", align_corners=False)

        return run

    def train_torch_fp32(self):
        torch, model, image = self.torch(), self.model(), self.image()
        from utils.loss_functions.sam_loss import Mask_DC_and_BCE_loss

        # The published factory puts pos_weight on CUDA; its value is 2.
        criterion = Mask_DC_and_BCE_loss(pos_weight=torch.full([1], 2.0))
        if self._optimizer is None:
            self._optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
        optimizer = self._optimizer
        target = torch.zeros(1, 1, 128, 128)
        target[..., 40:90, 30:100] = 1

        def run():
            # Same order as the published training loop.
            loss = criterion(model(image, self.click()), target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

        return run

    def timed(self, name, prepare):
        run = prepare()
        if name not in self._warm:
            run()
            self._warm.add(name)
        peak_mb_reset()
        start = time.perf_counter()
        run()
        ms = (time.perf_counter() - start) * 1000
        return {"ms": round(ms, 2), "peak_mb": peak_mb()}

    def answer(self, command):
        words = command.split(None, 1)
        if words[0] == "info":
            return {"torch": self.torch().__version__, "threads": self.threads, "python": sys.version.split()[0]}
        if words[0] == "export":
            if len(words) < 2:
                raise Unavailable("expected a path after 'export'")
            return self.export(words[1])
        prepare = getattr(self, "_".join(command.split()), None) if words[0] in ("encode", "decode", "train") else None
        if prepare is None:
            raise Unavailable(f"unknown command '{command}'")
        return self.timed(command, prepare)


def main():
    parser = argparse.ArgumentParser(description="Times the published SAMUS, one command per input line.")
    parser.add_argument("directory", help="a checkout of the published SAMUS code")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    # Answers own the real standard output; whatever libraries print must not mix with them.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    reference = Reference(os.path.abspath(arguments.directory), arguments.threads, arguments.seed)
    for line in sys.stdin:
        command = " ".join(line.split())
        if not command:
            continue
        if command == "quit":
            break
        try:
            result = reference.answer(command)
        except Unavailable as error:
            result = {"error": str(error)}
        except Exception as error:  # the caller must get an answer to every line
            result = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps({"name": command, **result}) + "\n")


if __name__ == "__main__":
    main()
