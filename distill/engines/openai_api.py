"""Generation by an OpenAI-compatible server, such as vLLM, at its path /v1/completions."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai

from distill.engines.engine import Completion, GenerationJob, Placement, ScoredToken
from schemas.errors import BadInput, CometgraphError, Unavailable

CONNECTIONS = 16
_CONNECT_SECONDS = 30.0


class OpenAiEngine:
    """See distill.engines.engine.Engine. A job is one request, and the server batches them.

    Scores have no end token, since the server's echo has none.

    url: the server's address, with /v1.
    model: the server's name of the model.
    key: its API key, or empty.
    stops: characters that end a tail.
    timeout: seconds of a request. None: no limit.
    """

    def __init__(self, url: str, model: str, key: str, stops: str, timeout: float | None) -> None:
        self._url = url
        self._model = model
        self._stop = [*stops]
        # a busy server accepts connections at once, so a slow connection means an unreachable server
        limits = openai.Timeout(timeout, connect=timeout if timeout is not None else _CONNECT_SECONDS)
        self._client = openai.OpenAI(base_url=url, api_key=key or "none", timeout=limits, max_retries=1)
        self._threads = ThreadPoolExecutor(CONNECTIONS, "openai")
        self.placement = Placement("openai", url, "unknown")

    def draft(self, jobs: Sequence[GenerationJob]) -> "list[list[Completion] | CometgraphError]":
        return list(self._threads.map(self._complete_job, jobs))

    def score(self, pairs: Sequence[tuple[str, str]]) -> list[list[ScoredToken]]:
        return list(self._threads.map(self._score, pairs))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _complete_job(self, job: GenerationJob) -> "list[Completion] | CometgraphError":
        decoding = job.decoding
        options: dict[str, Any] = {"n": decoding.n, "temperature": 0.0}
        if decoding.method == "sample":
            options |= {"temperature": decoding.temperature, "top_p": decoding.top_p, "seed": job.seed}
        elif decoding.method == "beam":
            # vLLM's own parameter, with as many beams as results. A server without beam search refuses it.
            options |= {"n": decoding.beams, "extra_body": {"use_beam_search": True}}
        try:
            options |= {"prompt": job.prompt, "max_tokens": decoding.max_new_tokens, "stop": self._stop, "logprobs": 1}
            response = self._complete(**options)
            drafts = [self._draft(choice) for choice in response.choices][: decoding.n]
        except CometgraphError as error:
            return error
        return drafts or self._garbage("no choices")

    def _score(self, pair: tuple[str, str]) -> list[ScoredToken]:
        prompt, tail = pair
        response = self._complete(prompt=prompt + tail, max_tokens=0, echo=True, logprobs=1)
        log_probs = response.choices[0].logprobs if response.choices else None
        if log_probs is None or not log_probs.tokens or log_probs.token_logprobs is None or not log_probs.text_offset:
            raise self._garbage("no log-probabilities of the prompt")
        return [
            ScoredToken(token, log_prob)
            for token, log_prob, place in zip(
                log_probs.tokens, log_probs.token_logprobs, log_probs.text_offset, strict=True
            )
            if place >= len(prompt) and log_prob is not None
        ]

    def _complete(self, **options: Any) -> Any:
        try:
            response = self._client.completions.create(model=self._model, **options)
        except openai.APITimeoutError as error:
            raise Unavailable(f"{self._url} did not answer in time") from error
        except openai.APIConnectionError as error:
            raise Unavailable(f"{self._url} cannot be reached") from error
        except openai.BadRequestError as error:
            raise BadInput.of("decoding", None, f"refused by {self._url} ({_reason(error)})") from error
        except openai.APIStatusError as error:
            raise Unavailable(f"{self._url} failed with status {error.status_code} ({_reason(error)})") from error
        except (openai.OpenAIError, ValueError) as error:
            raise self._garbage(type(error).__name__) from error
        if not isinstance(getattr(response, "choices", None), list):
            raise self._garbage("no completion")
        return response

    def _draft(self, choice: Any) -> Completion:
        text, log_probs = getattr(choice, "text", None), getattr(choice, "logprobs", None)
        if not isinstance(text, str):
            raise self._garbage("a choice without text")
        each = getattr(log_probs, "token_logprobs", None)
        if not isinstance(each, list) or not each or not all(isinstance(p, float | int) for p in each):
            raise self._garbage("a choice without log-probabilities")
        return Completion(text, float(sum(each)), getattr(choice, "finish_reason", None) == "stop")

    def _garbage(self, what: str) -> Unavailable:
        return Unavailable(f"{self._url} does not answer as an OpenAI-compatible server does: {what}")


def _reason(error: openai.APIStatusError) -> str:
    return " ".join(str(error.message).split())[:200]
