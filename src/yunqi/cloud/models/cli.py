"""``yunqi models catalogue``, ``plan``, ``ask``, ``repack`` and ``m6``: what the family holds, what serving takes, and M6."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from yunqi.cloud.models.engine.catalogue.entry import Entry
from yunqi.cloud.models.engine.m6.layouts import M6Layout, m6_layouts
from yunqi.cloud.models.service import adapting, compiling
from yunqi.cloud.models.service.opening import load, m6
from yunqi.cloud.models.service.planning import catalogue, make_plan
from yunqi.cloud.models.service.waves import read_wave, write_wave
from yunqi.kernel import Invalid
from yunqi.kernel.printing import print_json

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def add(app: typer.Typer) -> None:
    """Add the commands to the group ``models``."""

    @app.command("catalogue", help="List the Qwen family: parameters, counted from each config, and where published.")
    def catalogue_(as_json: AsJson = False) -> None:
        rows = [_row(found.entry, found.total, found.active, found.body) for found in catalogue()]
        if as_json:
            print_json({"members": rows}, compact=True)
        for row in rows if not as_json else ():
            active = "" if row["active"] == row["total"] else f"{row['active'] / 1e9:9.2f} B active"
            print(f"{row['name']:32} {row['kind']:7} {row['total'] / 1e9:9.2f} B {active:18} {row['source']}")

    @app.command(help="Say what serving a member takes. Example: yunqi models plan Qwen3-8B --context 32768 --batch 16")
    def plan(
        member: Annotated[str, typer.Argument(help="A member of the catalogue, or a folder with a config.json.")],
        context: Annotated[int, typer.Option(help="Tokens of prompt and answer of each sequence.", min=1)] = 8192,
        batch: Annotated[int, typer.Option(help="Sequences at a time.", min=1)] = 1,
        hardware: Annotated[
            str,
            typer.Option(
                help="a100, a100-40gb, a800, a10, l4, h100, h800, h200, h20, l20, l40s, rtx4090, b200, or this."
            ),
        ] = "h100",
        weights: Annotated[str, typer.Option(help="float32, bfloat16, fp8, int8, int4, q4_0 or q8_0.")] = "bfloat16",
        cache: Annotated[str, typer.Option(help="How the cache is kept, as weights.")] = "bfloat16",
        devices: Annotated[int, typer.Option(help="Devices there are; 0: as few as it takes.", min=0)] = 0,
        price: Annotated[int | None, typer.Option(help="Rent of a device, US cents an hour.", min=0)] = None,
        as_json: AsJson = False,
    ) -> None:
        found = make_plan(
            member,
            context=context,
            batch=batch,
            hardware=hardware,
            weights=weights,
            cache=cache,
            devices=devices,
            price=price,
        )
        if as_json:
            print_json(found, compact=True)
        else:
            _print_plan(found)

    @app.command(
        help="Give an installed model a LoRA adapter (a folder as peft writes it), asked for by its own name. "
        "Example: yunqi models adapt qwen2.5-coder-0.5b-instruct run/adapter --name shop-titles"
    )
    def adapt(
        base: Annotated[str, typer.Argument(help="An installed model; see `yunqi hub list`.")],
        folder: Annotated[Path, typer.Argument(help="With adapter_config.json and adapter_model.safetensors.")],
        name: Annotated[str, typer.Option(help="What requests call it.")],
        licence: Annotated[str, typer.Option(help="The adapter's licence.")] = "",
        as_json: AsJson = False,
    ) -> None:
        found, graphs = adapting.adapt_named(base, folder, name=name, licence=licence)
        if as_json:
            told = {"name": name, "base": base, "path": found.path, "graphs": [str(one) for one in graphs]}
            print_json(told, compact=True)
        else:
            print(f"{name} is an adapter of {base}: ask for model {name}")

    @app.command(
        "compile",
        help="Make the graph with which OpenVINO runs an installed model. Example: yunqi models compile smollm2-135m-instruct",
    )
    def compile_(
        name: Annotated[str, typer.Argument(help="An installed model; see `yunqi hub list`.")],
        bits: Annotated[int, typer.Option(help="Bits a weight: 8 (nearly exact; 4 where the file has Q4_0) or 4.")] = 8,
        as_json: AsJson = False,
    ) -> None:
        folder = compiling.compile_named(name, bits=bits)
        if as_json:
            print_json({"model": name, "bits": bits, "folder": str(folder)}, compact=True)
        else:
            print(f"{name} is compiled to {folder}")

    @app.command("m6", help="List the published layouts of M6 with their counts. Example: yunqi models m6 --json")
    def m6_(as_json: AsJson = False) -> None:
        rows = [_layout(layout) for layout in m6_layouts()]
        if as_json:
            print_json({"layouts": rows}, compact=True)
        for row in rows if not as_json else ():
            fits = "fits" if row["fits"] else f"{row['error']:+.4%}"
            print(
                f"{row['name']:10} {row['layers']:3} layers {row['width']:5} wide"
                f" {row['experts']:6} experts of {row['inner']:6}"
                f" {row['total'] / 1e9:10.2f} B (published {row['published'] / 1e9:.10g} B: {fits})"
                f" {row['active'] / 1e9:6.2f} B active  {row['source']}"
            )

    @app.command(
        "m6-compare",
        help="Train small M6 models, sparse and dense, on an unpacked emoji-datasource-google, or a font. "
        "Example: yunqi models m6-compare package --steps 600",
    )
    def m6_compare(
        folder: Annotated[
            Path, typer.Argument(help="The unpacked npm package, or a font file, whose glyphs have Unicode names.")
        ],
        steps: Annotated[int, typer.Option(help="Steps of each model, one task each.", min=1)] = 600,
        seed: Annotated[int, typer.Option(help="Draws weights and batches.")] = 0,
        only: Annotated[list[str] | None, typer.Option(help="Only this model; may be repeated.")] = None,
        stop_early: Annotated[
            bool, typer.Option(help="Keep a sixth of the training pairs aside and take each model at its best there.")
        ] = False,
        save: Annotated[Path | None, typer.Option(help="Write the models to folders in this one.")] = None,
        as_json: AsJson = False,
    ) -> None:
        try:
            from yunqi.cloud.models.service import m6_small as small
        except ModuleNotFoundError as error:
            raise Invalid(f"Training needs the package {error.name}: run scripts/setup models.") from error
        found = small.compare_folder(
            folder, steps=steps, seed=seed, only=only or [], stop_early=stop_early, tell=_say, save=save
        )
        if as_json:
            print_json(found, compact=True)
        for name, row in found["models"].items() if not as_json else ():
            print(
                f"{name:16} {row['parameters']:8} parameters, mean held-out loss {row['mean_loss']:.4f} at step {row['step']}"
            )

    add_asking(app)
    add_drawing(app)
    add_repacking(app)


def add_asking(app: typer.Typer) -> None:
    """Add questions to a checkpoint of any member: text, pictures and sound in, text and speech out."""

    @app.command(
        help="Ask a checkpoint of any member, by its exact computation: pictures and sound in, speech out. "
        'Example: yunqi models ask ./Qwen2.5-Omni-3B "What is this?" --image cup.jpg --speak answer.wav'
    )
    def ask(
        ref: Annotated[str, typer.Argument(help="A checkpoint folder, a GGUF file, or a model of `yunqi hub list`.")],
        question: Annotated[str, typer.Argument(help="What to ask.")],
        image: Annotated[list[Path], typer.Option(help="A picture to look at; repeatable.")] = [],  # noqa: B006
        sound: Annotated[list[Path], typer.Option(help="A WAV file to listen to; repeatable.")] = [],  # noqa: B006
        speak: Annotated[Path | None, typer.Option(help="Answer aloud into this WAV file (omni members).")] = None,
        voice: Annotated[str, typer.Option(help="Who speaks; the first voice by default.")] = "",
        reply: Annotated[str, typer.Option(help="What to say aloud, in place of an answer.")] = "",
        tokens: Annotated[int, typer.Option(help="At most so many tokens.", min=1)] = 512,
        temperature: Annotated[float, typer.Option(help="0: always the likeliest token.", min=0.0)] = 0.0,
        seed: Annotated[int, typer.Option(help="Of what is drawn.")] = 0,
        dtype: Annotated[str, typer.Option(help="float32, bfloat16, float16, or stored.")] = "float32",
        draft: Annotated[
            str,
            typer.Option(help="A smaller model with the same tokenizer that guesses; answers stay the larger one's."),
        ] = "",
        as_json: AsJson = False,
    ) -> None:
        if speak is None and (voice or reply):
            raise Invalid("--voice and --reply need --speak FILE.wav.", "speak")
        clips = [read_wave(path) for path in sound]
        model = load(ref, dtype=dtype, draft=draft or None)
        options: dict[str, Any] = {"max_tokens": tokens, "temperature": temperature, "seed": seed}
        found: dict[str, Any]
        if speak is not None:
            said = model.speak(question, speaker=voice, reply=reply, images=image, clips=clips, **options)
            write_wave(speak, said.samples, said.rate)
            found = {"text": said.text, "sound": str(speak), "seconds": len(said.samples) / said.rate}
        elif image or clips:
            found = {"text": model.see(image, question, clips=clips, **options)}
        else:
            answer = model.chat(question, **options)
            found = {"text": answer.text, "thinking": answer.thinking}
            if (went := model.speculation) is not None:
                found["draft"] = {"guessed": went.guessed, "kept": went.kept, "runs": went.runs}
        print_json(found, compact=True) if as_json else print(found["text"])


def add_drawing(app: typer.Typer) -> None:
    """Add what a trained M6 does."""

    @app.command("m6-caption", help="Say what a picture shows. Example: yunqi models m6-caption models/dense cup.png")
    def m6_caption(
        folder: Annotated[Path, typer.Argument(help="A folder that `m6-compare --save` wrote.")],
        image: Annotated[Path, typer.Argument(help="A picture.")],
        group: Annotated[str, typer.Option(help="What else is known of it.")] = "",
        as_json: AsJson = False,
    ) -> None:
        model = m6(folder)
        said = model.caption(image, group=group)
        print_json({"caption": said, "about": model.about}, compact=True) if as_json else print(said)

    @app.command(
        "m6-draw", help='Draw what a text says. Example: yunqi models m6-draw models/dense "red apple" apple.png'
    )
    def m6_draw(
        folder: Annotated[Path, typer.Argument(help="A folder that `m6-compare --save` wrote.")],
        text: Annotated[str, typer.Argument(help="What to draw, in Latin letters.")],
        target: Annotated[Path, typer.Argument(help="Where to write the PNG.")],
        scale: Annotated[int, typer.Option(help="How many times larger.", min=1, max=64)] = 8,
        as_json: AsJson = False,
    ) -> None:
        model = m6(folder)
        drawn = model.draw(text).repeat(scale, 0).repeat(scale, 1)
        from PIL import Image

        Image.fromarray(drawn).save(target, format="PNG")
        print_json({"picture": str(target), "about": model.about}, compact=True) if as_json else print(target)


def add_repacking(app: typer.Typer) -> None:
    """Add what packs weights anew."""

    @app.command(
        help="Pack a GGUF file anew, for speed on this processor; says what it costs in perplexity. "
        "Example: yunqi models repack model.gguf model-q8_0.gguf, then yunqi hub add model-q8_0.gguf"
    )
    def repack(
        source: Annotated[Path, typer.Argument(help="A GGUF file.", exists=True, dir_okay=False)],
        target: Annotated[Path, typer.Argument(help="Where to write.")],
        kind: Annotated[
            str, typer.Option(help="q8_0 (nearly exact) or q4_0 (smallest, quickest, costs most).")
        ] = "q8_0",
        text: Annotated[
            Path | None, typer.Option(help="A text to measure on; by default a source file of Yunqi.")
        ] = None,
        as_json: AsJson = False,
    ) -> None:
        try:
            from yunqi.cloud.models.service import repacking
        except ModuleNotFoundError as error:
            raise Invalid(f"Packing needs the package {error.name}: run scripts/setup models.") from error
        size = repacking.repack(source, target, kind=kind)
        said = (text or Path(__file__)).read_text(encoding="utf-8")
        before, after = (repacking.perplexity(path, said) for path in (source, target))
        if as_json:
            print_json(
                {"file": str(target), "bytes": size, "perplexity": {"before": before, "after": after}}, compact=True
            )
        else:
            print(f"{target}: {size / 1e6:.1f} MB; perplexity {before:.2f} before, {after:.2f} after")


def _say(name: str, step: int, losses: dict[str, float]) -> None:
    print(f"{name} {step}: {', '.join(f'{task} {loss:.3f}' for task, loss in losses.items())}", file=sys.stderr)


def _layout(layout: M6Layout) -> dict[str, Any]:
    counted = layout.counted()
    return {
        "name": layout.name,
        "source": layout.source,
        **asdict(layout.spec),
        "total": counted.total,
        "active": counted.active,
        "published": layout.published,
        "error": counted.total / layout.published - 1.0,
        "fits": layout.fits(),
        "assumed": layout.assumed,
    }


def _row(entry: Entry, total: int, active: int, body: int) -> dict[str, Any]:
    return {
        "name": entry.name,
        "generation": entry.generation,
        "kind": entry.kind,
        "total": total,
        "active": active,
        "non_embedding": body,
        "published": {"total": entry.total, "active": entry.active, "non_embedding": entry.body},
        "source": entry.source,
        "note": entry.note,
    }


def _print_plan(found: dict[str, Any]) -> None:
    memory, layout, speed = found["memory"], found["layout"], found["speed"]
    cost = found["cost_per_million_tokens"]
    print(f"{found['member']} on {found['hardware']['name']} ({found['hardware']['source']})")
    print(f"  weights       {memory['weights_bytes'] / 1e9:10.2f} GB")
    print(f"  cache         {memory['cache_bytes'] / 1e9:10.2f} GB")
    print(f"  activations   {memory['activations_bytes'] / 1e9:10.2f} GB a device")
    print(
        f"  layout        {layout['devices']} devices: tensor {layout['tensor']}, pipeline {layout['pipeline']}, "
        f"expert {layout['expert']}, data {layout['data']}; {memory['per_device_bytes'] / 1e9:.1f} GB each"
    )
    print(f"  decode        {speed['tokens_per_second']:10.1f} tokens/s, bound by {speed['bound']}")
    print(f"  prefill       {speed['prefill_tokens_per_second']:10.1f} tokens/s")
    print(f"  first token   {speed['first_token_seconds']:10.2f} s")
    print(f"  cost          {cost['minor_units'] / 100:10.2f} {cost['currency']} a million tokens")
    for note in found["notes"]:
        print(f"  note: {note}")
