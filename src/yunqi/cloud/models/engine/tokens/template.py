"""Chats to text by the model's own template, in a sandbox: templates come with the weights, from anyone."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.sandbox import ImmutableSandboxedEnvironment

from yunqi.cloud.models.model import BadCheckpoint
from yunqi.kernel.errors import Invalid

_MAX_TEMPLATE = 1 << 20
_REASONING = ("reasoning_content", "thinking", "reasoning")

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
"""ChatML, which all of the family spoke from the first day; used when a checkpoint carries no template."""


def render(
    template: str,
    messages: Sequence[Mapping[str, Any]],
    *,
    tools: Sequence[Mapping[str, Any]] | None = None,
    generate: bool = True,
    now: datetime | None = None,
    **settings: Any,
) -> str:
    """Return the prompt for a chat.

    Parameters
    ----------
    messages
        In the OpenAI form.
    now
        The time, for templates that tell it.
    settings
        What else the template asks for, as ``enable_thinking`` or ``bos_token``.

    Raises
    ------
    BadCheckpoint
        When the template is no template.
    Invalid
        When the template refuses these messages.
    """
    try:
        return _compiled(template).render(
            messages=[_reasoned(message) for message in messages],
            tools=tools,
            add_generation_prompt=generate,
            now_=now,
            **settings,
        )
    except jinja2.TemplateError as error:
        raise Invalid(f"The model's chat template refuses this chat: {error}.", param="messages") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise Invalid(f"The model's chat template cannot take this chat: {error}.", param="messages") from error


class _Generation(Extension):
    """Lets ``{% generation %}`` stand, with which templates mark what a model is trained to say."""

    tags = {"generation"}  # noqa: RUF012 - as the base class names it

    def parse(self, parser: Any) -> nodes.Node:
        """Return what stands within as a block of its own."""
        line = next(parser.stream).lineno
        body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
        return nodes.CallBlock(self.call_method("_within"), [], [], body).set_lineno(line)

    def _within(self, caller: Callable[[], str]) -> str:
        return caller()


def _reasoned(message: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a message with its thinking under the names that templates read."""
    found = next((message[name] for name in _REASONING if message.get(name) is not None), None)
    return message if found is None else {"thinking": found, **message, "reasoning_content": found}


@jinja2.pass_context
def _told_time(context: jinja2.runtime.Context, form: str) -> str:
    now = context.get("now_")
    if not isinstance(now, datetime):
        raise jinja2.TemplateError("it tells the time, which was not given")
    return now.strftime(form)


@lru_cache(maxsize=32)
def _compiled(template: str) -> jinja2.Template:
    if len(template) > _MAX_TEMPLATE:
        raise BadCheckpoint(f"The chat template has {len(template)} characters; that is no template.")
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", _Generation]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _refuse
    environment.globals["strftime_now"] = _told_time
    try:
        return environment.from_string(template)
    except jinja2.TemplateError as error:
        raise BadCheckpoint(f"The chat template cannot be read: {error}.") from error


def _to_json(
    value: Any, ensure_ascii: bool = False, indent: int | None = None, separators: Any = None, sort_keys: bool = False
) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _refuse(message: str) -> None:
    raise jinja2.TemplateError(message)
