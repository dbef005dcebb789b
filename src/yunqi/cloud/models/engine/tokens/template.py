"""Chats to text by the model's own template, in a sandbox: templates come with the weights, from anyone."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from yunqi.cloud.models.model import BadCheckpoint
from yunqi.kernel.errors import Invalid

_MAX_TEMPLATE = 1 << 20

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
    **settings: Any,
) -> str:
    """Return the prompt for a chat.

    Parameters
    ----------
    messages
        In the OpenAI form.
    settings
        What else the template asks for, as ``enable_thinking``.

    Raises
    ------
    BadCheckpoint
        When the template is no template.
    Invalid
        When the template refuses these messages.
    """
    try:
        return _compiled(template).render(messages=messages, tools=tools, add_generation_prompt=generate, **settings)
    except jinja2.TemplateError as error:
        raise Invalid(f"The model's chat template refuses this chat: {error}.", param="messages") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise Invalid(f"The model's chat template cannot take this chat: {error}.", param="messages") from error


@lru_cache(maxsize=32)
def _compiled(template: str) -> jinja2.Template:
    if len(template) > _MAX_TEMPLATE:
        raise BadCheckpoint(f"The chat template has {len(template)} characters; that is no template.")
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _refuse
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
