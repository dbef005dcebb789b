"""A teacher answers the prompts of a run's data, and its answers become the data."""

import dataclasses
import json

from yunqi.cloud.training.model import Recipe, Source
from yunqi.cloud.training.service.reading import resolve, rows, text_of
from yunqi.cloud.training.service.worker import weights
from yunqi.cloud.training.service.worker.answers import answer
from yunqi.cloud.training.service.worker.channel import Channel
from yunqi.cloud.training.service.worker.task_model import Task
from yunqi.cloud.training.service.worker.tokens import Writer, load_tokenizer

_AT_ONCE = 64


def taught(task: Task, channel: Channel) -> Recipe:
    """Return the recipe with the teacher's answers as its data; they are drawn once and kept in the run's folder."""
    assert task.teacher is not None
    target = task.folder / "taught.jsonl"
    if not target.exists():
        writer = Writer(load_tokenizer(task.teacher))
        teacher = weights.load(task.teacher).eval()
        prompts = [
            text_of(path, row, "prompt")
            for source in task.recipe.data
            for path in [resolve(source.path, task.recipe.folder)]
            for row in rows(path, limit=source.limit)
        ]
        with target.with_suffix(".new").open("w", encoding="utf-8") as out:
            for start in range(0, len(prompts), _AT_ONCE):
                some = prompts[start : start + _AT_ONCE]
                asked = [writer.chat([{"role": "user", "content": text}], open_turn=True)[0] for text in some]
                ends = [writer.turn_end, writer.end]
                found = answer(teacher, asked, tokens=task.recipe.distill.tokens, ends=ends, padding=writer.end)
                for text, ids in zip(some, found, strict=True):
                    out.write(json.dumps({"prompt": text, "answer": writer.decode(ids)}, ensure_ascii=False) + "\n")
                channel.send("progress", phase="teaching", done=start + len(some), total=len(prompts))
        target.with_suffix(".new").replace(target)
    return dataclasses.replace(task.recipe, data=(Source(path=str(target)),))
