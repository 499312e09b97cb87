"""Prices of a teacher: of the table of genai-prices, or of the configuration."""

from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal

from distill.teacher.calls import Cost, Usage
from schemas.errors import BadInput

_NANO = 1_000
"""Nanodollars of a token at one US dollar per million tokens."""


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per million tokens.

    batch: factor for calls in a batch, the highest of those of the three prices.
    """

    prompt: Decimal
    cached: Decimal
    completion: Decimal
    batch: Decimal = Decimal(1)

    def cost(self, usage: Usage, *, in_batch: bool = False) -> Cost:
        """The cost of a reply. A fraction of a nanodollar counts as a whole one."""
        cached = min(usage.cached, usage.prompt)  # a server may say more
        dollars = self.prompt * (usage.prompt - cached) + self.cached * cached + self.completion * usage.completion
        nanodollars = (dollars * _NANO * (self.batch if in_batch else 1)).to_integral_value(ROUND_CEILING)
        return Cost(1, usage.prompt + usage.completion, int(nanodollars))

    def ceiling(self, prompt_bytes: int, completion_tokens: int, *, in_batch: bool = False) -> Cost:
        """The highest possible cost of a call.

        prompt_bytes: length of the prompt in UTF-8. A tokenizer makes at most one token of each byte.
        completion_tokens: of all completions together.
        """
        dearest = replace(self, prompt=max(self.prompt, self.cached))
        return dearest.cost(Usage(prompt_bytes, 0, completion_tokens), in_batch=in_batch)


FREE = Prices(Decimal(0), Decimal(0), Decimal(0))
"""A model in this process, or on a server of one's own."""


def prices_of(url: str, model: str) -> Prices:
    """The prices of a model in the table of genai-prices (https://pypi.org/project/genai-prices/).

    Some models are dearer from 200,000 prompt tokens on. No call here has so many.

    Raises BadInput for a model that the table lacks.
    """
    from genai_prices import Usage as Tokens
    from genai_prices import calc_price

    size = 1_000
    units = (
        Tokens(input_tokens=size),
        Tokens(input_tokens=size, cache_read_tokens=size),
        Tokens(output_tokens=size),
    )

    def prices(context: dict[str, str]) -> list[Decimal]:
        costs = (calc_price(unit, model, provider_api_url=url, price_context=context).total_price for unit in units)
        return [cost * 1_000_000 / size for cost in costs]

    try:
        now, in_batch = prices({}), prices({"processing": "batch"})
    except LookupError:
        message = f"model: no price is known for {model!r} at {url}; set prices in the configuration, 0 for a free one"
        raise BadInput.of("model", model, "a model with a known price", message) from None
    factors = [batch / price for batch, price in zip(in_batch, now, strict=True) if price]
    return Prices(*now, batch=max(factors, default=Decimal(1)))
