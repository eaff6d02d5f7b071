"""``ltmlc export-model``: a network as safetensors with a model card, and as ONNX that was compared with torch."""

import io
import json
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ltmlc.disk.files import sha256_file, write_atomically
from ltmlc.disk.markdown_file import markdown_code, markdown_escape
from ltmlc.errors import InputError
from ltmlc.training.trained.decide import Decision, decide_from_run
from ltmlc.training.trained.load import CARD, EXPORTED, Trained, load_run, optional

ONNX, README = "model.onnx", "README.md"
TOLERANCE = 1e-3
"""Of the largest logit, between ONNX Runtime and torch: both compute in float32, in another order."""
EXPORTED_FIELDS = ("spec", "dataset", "run", "seed", "classes", "split_sha256", "map", "ap_per_class", "environment")


def export_model(run_dir: str | Path, out: str | Path, *, onnx: bool = False, heldout: str | Path | None = None) -> str:
    """Write model.safetensors, model.json and README.md into ``out``; with ``onnx``, model.onnx as well.

    Args:
        run_dir: a run that kept its weights.
        out: the folder to write; ``load_run`` and ``ltmlc predict`` read it.
        onnx: images (B, 3, S, S) float32, normalised, to logits (B, C); B is free.
        heldout: a run of the same specification on held-out images, for probabilities and thresholds.

    Returns:
        What was checked, in a sentence; empty without ONNX.

    Raises:
        InputError: as ``load_run``; an optional package is absent; ONNX gives other logits than torch.
    """
    save = optional("safetensors.torch").save
    trained, out = load_run(run_dir), Path(out)
    decision = decide_from_run(heldout, trained.fields) if heldout else None
    state = {name: value.contiguous().clone() for name, value in trained.network.state_dict().items()}
    said, graph = _checked_onnx(trained) if onnx else ("", None)
    write_atomically(out / EXPORTED, save(state))
    if graph:
        write_atomically(out / ONNX, graph)
    fields = {"status": "finished", **{key: trained.fields[key] for key in EXPORTED_FIELDS if key in trained.fields}}
    fields["sha256"] = sha256_file(out / EXPORTED)
    if decision:
        fields["decision"] = decision.as_json()
    write_atomically(out / README, model_card(trained, decision, said))
    write_atomically(out / CARD, json.dumps(fields, indent=1, allow_nan=False) + "\n")  # last: then all of it is there
    return said


def model_card(trained: Trained, decision: Decision | None, checked: str) -> str:
    """The card as Markdown, with the head that model hubs read."""
    fields, model = trained.fields, trained.fields["spec"]["model"]
    terms = " + ".join(_term(term) for term in fields["spec"]["loss"])
    means = {name: value for name, value in (fields.get("map") or {}).items() if value is not None}
    augmentation = fields["spec"]["augmentation"]
    lines = [
        "---\nlibrary_name: ltmlc\npipeline_tag: image-classification\ntags: [multi-label, long-tailed]\n---",
        f"\n# {markdown_escape(fields['run'])} on {markdown_escape(fields['dataset'])}, seed {fields.get('seed')}\n",
        f"A {model['backbone']} with a {model['head']} head, trained with {markdown_code(terms)}. It gives one "
        f"logit for each of {len(trained.classes)} classes; an image may have any number of them.\n",
        f"* **Input**: RGB, resized to {trained.image_size} x {trained.image_size} (bilinear, aspect not kept), minus "
        f"{augmentation['mean']}, divided by {augmentation['std']}.",
        f"* **Classes**: {', '.join(map(markdown_escape, trained.classes))}.",
        f"* **Test mAP**: {', '.join(f'{name} {100 * value:.2f}' for name, value in means.items())}.",
        "* **Output**: logits. They rank images within a class; their sigmoid is no probability. "
        + (
            "model.json has curves and F1-best thresholds from held-out training images (`decision`)."
            if decision
            else "Curves for probabilities were not asked for (`--held-out`)."
        ),
        *([f"* **ONNX**: {checked}."] if checked else []),
        "* **Limits**: classes with few training images are found badly, as `ap_per_class` in model.json shows; the "
        "network knows nothing of classes that are not listed. The licence is that of its training images and "
        "starting weights.\n",
        "```python\nimport ltmlc\n\ntrained = ltmlc.load_run('.')\nlogits = trained.logits([image])  # uint8 RGB "
        "(H, W, 3)\n```\n",
    ]
    return "\n".join(lines)


def _term(term: dict[str, Any]) -> str:
    return f"{term['name']}({', '.join(f'{key}={value}' for key, value in term.items() if key != 'name')})"


def _checked_onnx(trained: Trained) -> tuple[str, bytes]:
    """The graph, and how far it is from torch on noise of two batch sizes."""
    optional("onnx")
    optional("onnxscript")
    runtime = optional("onnxruntime")
    network, size, written = trained.network.float(), trained.image_size, io.BytesIO()
    batch = torch.randn(3, 3, size, size, generator=torch.Generator().manual_seed(0))
    dimensions = {"images": {0: torch.export.Dim("batch")}}
    with redirect_stdout(io.StringIO()):  # torch tells its progress
        program = torch.onnx.export(
            _Logits(network), (batch,), input_names=["images"], output_names=["logits"], dynamo=True,
            dynamic_shapes=dimensions, verbose=False,
        )  # fmt: skip
    program.save(written)
    session = runtime.InferenceSession(written.getvalue(), providers=["CPUExecutionProvider"])
    worst = 0.0
    for images in (batch, batch[:1]):
        expected = network.predict(images).numpy()
        found = session.run(["logits"], {"images": images.numpy()})[0]
        worst = max(worst, float(np.abs(found - expected).max() / max(np.abs(expected).max(), 1e-6)))
    if not worst <= TOLERANCE:
        raise InputError(f"ONNX Runtime's logits differ from torch's by {worst:.2g} of the largest: nothing is written")
    return f"logits of batches of 3 and 1 differ from torch's by {worst:.1e} of the largest at most", written.getvalue()


class _Logits(torch.nn.Module):
    """The network without what an export cannot follow: modes and generators."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network
        self.eval()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.network(images)
