"""The shop as it is installed from the wheel: started by `scripts/wheel`, which sets YUNQI_TEST_URL, _KEY and _PID."""

import json
import os
import re
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

import openai
import pytest

from yunqi.app.bench.serving import resident

pytestmark = [
    pytest.mark.wheel,
    pytest.mark.skipif("YUNQI_WHEEL_BIN" not in os.environ, reason="run by scripts/wheel"),
]

URL = os.environ.get("YUNQI_TEST_URL", "")
KEY = os.environ.get("YUNQI_TEST_KEY", "")
BIN = Path(os.environ.get("YUNQI_WHEEL_BIN", ""))


def get(path: str, **headers: str) -> Any:
    request = urllib.request.Request(URL + path, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as reply:
        body = reply.read()
        return json.loads(body) if "json" in reply.headers["content-type"] else body.decode()


def cli(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": ""}
    return subprocess.run(
        [str(BIN / "yunqi"), *arguments], env=environment, capture_output=True, text=True, check=False, cwd="/"
    )


def test_it_runs_from_the_wheel_and_not_from_the_checkout() -> None:
    where = subprocess.run(
        [str(BIN / "python"), "-c", "import yunqi; print(yunqi.__file__)"],
        capture_output=True, text=True, check=True, cwd="/", env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip
    assert "site-packages" in where.stdout


def test_the_whole_data_set_is_in_the_shop() -> None:
    shop = get("/v1/overview", Authorization=f"Bearer {KEY}")["shop"]
    assert shop["products"] == 92_331
    assert shop["events"] >= 155_848
    assert shop["shoppers"] >= 2_400


def test_everything_is_ready() -> None:
    ready = get("/readyz")
    assert {check["name"]: check["state"] for check in ready["checks"]} == {
        check["name"]: "ok" for check in ready["checks"]
    }


def test_home_search_and_product() -> None:
    sections = {section["id"]: section for section in get("/v1/storefront/home")["sections"]}
    assert len(sections["trending"]["items"]) >= 8
    found = get("/v1/storefront/search?q=frozen%20pizza")
    assert found["total"] > 50
    assert sum("pizza" in item["title"].lower() for item in found["items"][:10]) >= 8
    product = found["items"][0]["id"]
    assert get(f"/v1/storefront/products/{product}")["together"]["items"]
    page = get(f"/store/p/{product}")
    [data] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, flags=re.DOTALL)
    assert json.loads(data)["@type"] == "Product"


def test_the_model_answers_the_official_client_and_the_key_pays() -> None:
    client = openai.OpenAI(base_url=f"{URL}/v1", api_key=KEY)
    plain = client.chat.completions.create(
        model="default", messages=[{"role": "user", "content": "Say hello."}], max_tokens=8, temperature=0
    )
    assert plain.choices[0].message.content
    chunks = list(
        client.chat.completions.create(
            model="default", messages=[{"role": "user", "content": "Say hello."}], max_tokens=8, stream=True,
            stream_options={"include_usage": True},
        )
    )  # fmt: skip
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    rows = get("/v1/usage?by=model", Authorization=f"Bearer {KEY}")["rows"]
    assert sum(row["quantity"] for row in rows if "output" in row["meter"]) >= 2


def test_a_question_about_a_product_is_answered_from_its_facts() -> None:
    product = get("/v1/storefront/search?q=milk&in_stock=true")["items"][0]
    body = {"question": "What does it cost?", "product_ids": [product["id"]], "language": "en"}
    request = urllib.request.Request(
        f"{URL}/v1/storefront/ask", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=120) as reply:
        events = [json.loads(line[6:]) for line in reply.read().decode().splitlines() if line.startswith("data: ")]
    text = "".join(event["delta"] for event in events if event["type"] == "text")
    price = (product["sale_price"] or product["price"])["amount_minor"]
    assert f"{price / 100:.2f}" in text
    assert [event["product_id"] for event in events if event["type"] == "citation"] == [product["id"]]
    assert events[-1]["type"] == "done"


def test_the_command_line_of_the_wheel() -> None:
    found = cli("search", "find", "frozen pizza", "--json")
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["total"] > 50
    assert cli("config", "show", "nonsense=1", "--json").returncode == 0
    assert cli("catalog", "show", "no-such-product").returncode == 1
    assert cli("import", "catalog").returncode == 2


def test_the_promises_about_memory_and_disk() -> None:
    assert resident(int(os.environ["YUNQI_TEST_PID"])) < 3 * 2**30
    size = sum(path.stat().st_size for path in BIN.parent.rglob("*") if path.is_file() and not path.is_symlink())
    assert size < 4 * 2**30
