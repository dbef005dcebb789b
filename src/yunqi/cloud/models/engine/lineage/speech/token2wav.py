"""Qwen2.5-Omni's way from codes to a wave: flow matching to mel frames, then a vocoder."""

from torch import Tensor, nn

from yunqi.cloud.models.engine.lineage.spec import Flow, Vocoder
from yunqi.cloud.models.engine.lineage.speech.bigvgan import BigVgan
from yunqi.cloud.models.engine.lineage.speech.flow import FlowTransformer


class Token2Wav(nn.Module):
    """Both parts, under the names of the official checkpoints."""

    def __init__(self, flow: Flow, vocoder: Vocoder) -> None:
        super().__init__()
        self.code2wav_dit_model = FlowTransformer(flow)
        self.code2wav_bigvgan_model = BigVgan(vocoder)

    def forward(self, codes: Tensor, voice: Tensor, sample: Tensor, noise: Tensor, *, steps: int = 10) -> Tensor:
        """Return the wave [batch, samples] of codes; see `FlowTransformer.sample`."""
        return self.code2wav_bigvgan_model(self.code2wav_dit_model.sample(codes, voice, sample, noise, steps=steps))
