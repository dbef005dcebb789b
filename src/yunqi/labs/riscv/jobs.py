"""Background work of the lab: ``riscv.port``."""

from typing import Any

from yunqi.kernel import Invalid, JobContext, Jobs
from yunqi.labs.riscv.model import PORT
from yunqi.labs.riscv.service import Riscv
from yunqi.labs.riscv.service.port import VARIANTS, port, ported_json, read, sample_input


def register(jobs: Jobs, riscv: Riscv) -> None:
    """Teach the job runner to build, check and time a kept network; args are those of ``POST /v1/labs/riscv/ports``."""

    def run(context: JobContext) -> dict[str, Any]:
        args = context.args
        reference = args.get("network")
        if riscv.kernel is None or not isinstance(reference, str):
            raise Invalid(
                'The job riscv.port needs args {"network": REF}; POST /v1/labs/riscv/ports makes one.', "network"
            )
        name = str(args.get("name") or "network")
        network = read(riscv.kernel.blobs.read(reference), name)
        data, variants, done = sample_input(network), args.get("variants") or VARIANTS, []
        for index, variant in enumerate(variants):
            context.progress(index, len(variants), str(variant))
            found = port(riscv, network, data, variants=(variant,), compiler=args.get("compiler", "auto"))
            done.append(ported_json(found[0]))
        return {"network": name, "host": list(network.host), "ports": done}

    jobs.register(PORT, run)
