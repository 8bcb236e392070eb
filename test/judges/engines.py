"""
Judges exported models with programs of others, for engines.test.ts. Prints one JSON object; `problems` is empty if all is well.

    engines.py onnx FOLDER...     onnx.checker; ONNX Runtime against OpenVINO
    engines.py triton REPOSITORY  config.pbtxt by Triton's schema, and against the ONNX files
    engines.py serve REPOSITORY PORT   the repository in KServe's server, until it is ended
    engines.py ask REPOSITORY PORT     KServe's and Triton's clients ask that server
"""
import asyncio
import importlib.util
import json
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

SIZES = {"batch": 2, "objects": 2, "points": 3}
RANDOM = np.random.default_rng(7)


def feeds_of(inputs):
    feeds = {}
    for tensor in inputs:
        shape = [SIZES.get(dim, dim) for dim in tensor["shape"]]
        values = RANDOM.random(shape, dtype=np.float32)
        feeds[tensor["name"]] = np.ones(shape, np.float32) if tensor["name"] == "point_labels" else values
    return feeds


def apart(a, b):
    """The largest difference, as a share of the largest value."""
    return float(np.abs(a - b).max() / max(1e-9, np.abs(b).max()))


def check_onnx(folders):
    import openvino

    core = openvino.Core()
    problems, worst, operators = [], 0.0, set()
    for folder in map(Path, folders):
        for part in json.loads((folder / "model.json").read_text())["files"]:
            path = str(folder / part["file"])
            model = onnx.load(path)
            try:
                onnx.checker.check_model(model, full_check=True)
            except onnx.checker.ValidationError as error:
                problems.append(f"{path}: {error}")
            opsets = {(one.domain, one.version) for one in model.opset_import}
            if opsets != {("", 20)} or any(node.domain for node in model.graph.node):
                problems.append(f"{path}: not only standard operators: {opsets}")
            operators |= {node.op_type for node in model.graph.node}
            feeds = feeds_of(part["inputs"])
            results = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, feeds)
            # Its own default is 16 bits where the processor has them.
            compiled = core.compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
            others = compiled(feeds)
            for i, result in enumerate(results):
                difference = apart(others[i], result)
                worst = max(worst, difference)
                # Values in 8 bits can fall on the other side of a step.
                if not difference < (0.05 if part["dtype"] == "q8" else 1e-4):
                    problems.append(f"{path}: output {i} of OpenVINO is {difference} apart")
    return {"problems": problems, "worst": worst, "operators": sorted(operators)}


def triton_schema():
    """The messages of model_config.proto alone: KServe has others of the names that Triton's client for gRPC has."""
    folder = importlib.util.find_spec("tritonclient").submodule_search_locations[0]
    spec = importlib.util.spec_from_file_location("model_config_pb2", Path(folder) / "grpc" / "model_config_pb2.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def configs_of(repository):
    from google.protobuf import text_format

    model_config_pb2 = triton_schema()
    configs = {}
    for path in sorted(Path(repository).glob("*/config.pbtxt")):
        configs[path.parent.name] = text_format.Parse(path.read_text(), model_config_pb2.ModelConfig())
    return configs


def whole_shape(tensor, config):
    return ([-1] if config.max_batch_size else []) + list(tensor.dims)


def graph_shape(tensor, config):
    """As the model itself sees it: after `reshape`."""
    dims = tensor.reshape.shape if tensor.HasField("reshape") else tensor.dims
    return ([-1] if config.max_batch_size else []) + list(dims)


def check_triton(repository):
    problems = []
    configs = configs_of(repository)
    for name, config in configs.items():
        folder = Path(repository) / name
        if config.name != name or not (folder / "1").is_dir():
            problems.append(f"{name}: wrong name, or no version folder")
        if config.platform == "ensemble":
            known = {tensor.name: whole_shape(tensor, config) for tensor in config.input}
            for step in config.ensemble_scheduling.step:
                model = configs[step.model_name]
                if config.max_batch_size > model.max_batch_size:
                    problems.append(f"{name}: larger batches than {step.model_name}")
                for tensor in model.input:
                    if known[step.input_map[tensor.name]] != whole_shape(tensor, model):
                        problems.append(f"{name}: {tensor.name} of {step.model_name} does not fit")
                known |= {step.output_map[tensor.name]: whole_shape(tensor, model) for tensor in model.output}
            for tensor in config.output:
                if known[tensor.name] != whole_shape(tensor, config):
                    problems.append(f"{name}: output {tensor.name} does not fit")
            continue
        session = onnxruntime.InferenceSession(str(folder / "1" / "model.onnx"))
        for declared, real in [(config.input, session.get_inputs()), (config.output, session.get_outputs())]:
            shapes = {one.name: [dim if isinstance(dim, int) else -1 for dim in one.shape] for one in real}
            if {one.name: graph_shape(one, config) for one in declared} != shapes:
                problems.append(f"{name}: {declared} is not {shapes}")
    summary = {
        name: {"batch": config.max_batch_size, "dynamic": config.HasField("dynamic_batching")}
        for name, config in configs.items()
    }
    return {"problems": problems, "models": summary}


def serve(repository, port):
    from kserve import InferOutput, InferResponse, Model, ModelServer

    configs = configs_of(repository)

    class OnnxModel(Model):
        """A model of the repository, run as its configuration says."""

        def __init__(self, name):
            super().__init__(name)
            self.config = configs[name]
            path = Path(repository) / name / "1" / "model.onnx"
            self.session = None if self.config.platform == "ensemble" else onnxruntime.InferenceSession(str(path))
            self.ready = True

        def run(self, feeds):
            if self.session is None:
                values = dict(feeds)
                for step in self.config.ensemble_scheduling.step:
                    given = {inner: values[outer] for inner, outer in step.input_map.items()}
                    results = models[step.model_name].run(given)
                    values |= {outer: results[inner] for inner, outer in step.output_map.items()}
                return {tensor.name: values[tensor.name] for tensor in self.config.output}
            given = {}
            for tensor in self.config.input:
                value = feeds[tensor.name]
                if tensor.HasField("reshape"):
                    value = value.reshape([*value.shape[:1], *tensor.reshape.shape])
                given[tensor.name] = value
            names = [tensor.name for tensor in self.config.output]
            return dict(zip(names, self.session.run(names, given)))

        async def predict(self, payload, headers=None, response_headers=None):
            feeds = {tensor.name: tensor.as_numpy() for tensor in payload.inputs}
            outputs = []
            for name, value in self.run(feeds).items():
                output = InferOutput(name=name, shape=list(value.shape), datatype="FP32")
                output.set_data_from_numpy(value, binary_data=False)
                outputs.append(output)
            return InferResponse(response_id=payload.id or "1", model_name=self.name, infer_outputs=outputs)

    models = {name: OnnxModel(name) for name in configs}
    ModelServer(http_port=port, enable_grpc=False).start(list(models.values()))


def ask(repository, port):
    import tritonclient.http as triton
    from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

    url = f"http://127.0.0.1:{port}"
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    loop = asyncio.new_event_loop()
    triton_client = triton.InferenceServerClient(f"127.0.0.1:{port}")
    for _ in range(600):
        try:
            if triton_client.is_server_ready():
                break
        except OSError:
            pass
        time.sleep(0.2)
    problems, worst, asked = [], 0.0, []
    for name, config in configs_of(repository).items():
        if config.platform != "ensemble":
            continue
        encoder, decoder = [
            onnxruntime.InferenceSession(str(Path(repository) / step.model_name / "1" / "model.onnx"))
            for step in config.ensemble_scheduling.step
        ]
        batch = 2 if config.max_batch_size else 1
        feeds = {}
        for tensor in config.input:
            dims = [dim if dim > 0 else 3 for dim in tensor.dims]
            shape = [batch, *dims] if config.max_batch_size else [dims[0] if tensor.dims[0] > 0 else 1, *dims[1:]]
            feeds[tensor.name] = RANDOM.random(shape, dtype=np.float32)
        feeds["point_labels"] = np.ones_like(feeds["point_labels"])
        embedding = encoder.run(None, {"image": feeds["image"]})[0]
        given = {key: value for key, value in feeds.items() if key != "image"} | {"image_embeddings": embedding}
        if config.max_batch_size and "has_mask_input" in given:
            given["has_mask_input"] = given["has_mask_input"].reshape(-1)
        expected = dict(zip([one.name for one in decoder.get_outputs()], decoder.run(None, given)))
        inputs = []
        others = []
        for key, value in feeds.items():
            one = InferInput(name=key, shape=list(value.shape), datatype="FP32")
            one.set_data_from_numpy(value, binary_data=False)
            inputs.append(one)
            other = triton.InferInput(key, list(value.shape), "FP32")
            other.set_data_from_numpy(value, binary_data=True)
            others.append(other)
        answer = loop.run_until_complete(client.infer(url, InferRequest(model_name=name, infer_inputs=inputs), model_name=name, timeout=60))
        answers = {output.name: output.as_numpy() for output in answer.outputs}
        wanted = [triton.InferRequestedOutput(key, binary_data=False) for key in expected]
        second = triton_client.infer(name, others, outputs=wanted)
        for key, value in expected.items():
            for source in (answers[key], second.as_numpy(key)):
                difference = apart(source.reshape(value.shape), value)
                worst = max(worst, difference)
                if not difference < 1e-5:
                    problems.append(f"{name}: {key} is {difference} apart")
        asked.append(name)
    return {"problems": problems, "worst": worst, "asked": asked}


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "serve":
        serve(rest[0], int(rest[1]))
    else:
        work = {"onnx": lambda: check_onnx(rest), "triton": lambda: check_triton(rest[0])}
        work["ask"] = lambda: ask(rest[0], int(rest[1]))
        print("\n" + json.dumps(work[command]()))
