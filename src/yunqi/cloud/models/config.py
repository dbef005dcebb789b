"""Settings of model serving."""

from dataclasses import dataclass

from yunqi.kernel.config import setting


@dataclass(frozen=True, slots=True)
class ModelsConfig:
    """How models are run."""

    context: int = setting(4096, "Longest prompt and answer together of an embedded model, in tokens.")
    parallel: int = setting(2, "Requests an embedded model works on at the same time; each has its own context.")
    queue: int = setting(16, "Requests that may wait for a place; one more is refused with a time to come back.")
    max_tokens: int = setting(512, "Longest answer when the request names none.")
    threads: int = setting(0, "Threads of an embedded model. 0: all cores, fewer while other work keeps them busy.")
    resident: int = setting(1, "Embedded models kept in memory; the one unused for longest makes room.")
    idle_seconds: float = setting(900.0, "Unload an embedded model unused for so long. 0: never.")
    start_timeout: float = setting(120.0, "Seconds an embedded model may take to load.")
    request_timeout: float = setting(600.0, "Seconds one request may take, its waiting included.")
    prompt_cache_mb: int = setting(
        64, "Memory for prompts kept beside the live ones, so that a known beginning is quick."
    )
    engine: tuple[str, ...] = setting(
        ("auto",),
        "What runs embedded models: llama.cpp, openvino (weights in 8 bits), openvino-int4, or auto, which takes openvino "
        "where the processor has VNNI or AMX and the model's graph was made by `yunqi models compile` (8 bits before 4), "
        "else llama.cpp. "
        "NAME=ENGINE sets it for one model.",
    )
    compiled_dir: str = setting("", "Folder for the graphs that openvino runs. Empty: compiled, in the data folder.")
    prompt_lookup: bool = setting(
        False,
        "Guess the next words of an answer from what stands in its chat already, and check them. The answer is the same; "
        "one that copies comes about twice as fast. In llama.cpp log probabilities of guessed words may be missing.",
    )
    draft: tuple[str, ...] = setting(
        (),
        "Smaller models that guess for larger ones with the same tokenizer, as NAME=DRAFT, both installed. The larger one "
        "checks all guesses in one step; its answers, and the distribution of drawn ones, stay its own. In openvino "
        "guesses are made only while they save more than they cost; a draft runs in 4 bits where that graph was made. "
        "Worth it only where the draft is many times cheaper and often right: `yunqi bench llm --with draft=NAME` says so.",
    )
    upstreams: tuple[str, ...] = setting(
        (),
        "OpenAI-compatible servers (vLLM, SGLang and others) as NAME=URL#MODEL, for example "
        "qwen-72b=http://10.0.0.2:8000/v1#Qwen/Qwen2.5-72B-Instruct.",
    )
    upstream_key: str = setting("", "API key for the upstream servers.", secret=True)
