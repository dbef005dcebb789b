"""The studio over HTTP: the OpenAI protocol, and deployments with the Open Inference Protocol."""

from yunqi.cloud.studio.routes.chat import routes
from yunqi.cloud.studio.routes.deployments import router

__all__ = ["router", "routes"]
