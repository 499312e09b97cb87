"""Prices of teachers."""

from decimal import Decimal

import pytest

from distill.teacher.calls import Usage
from distill.teacher.prices import Prices, prices_of

GOOGLE = "https://generativelanguage.googleapis.com/v1beta/openai"


@pytest.mark.parametrize(
    ("url", "model", "prompt", "completion"),
    [
        ("https://api.openai.com/v1", "gpt-4o-mini", "0.15", "0.6"),
        (GOOGLE, "gemini-2.5-pro", "1.25", "10"),  # 2.50 and 15 from 200,000 prompt tokens on
        ("https://api.anthropic.com/v1", "claude-sonnet-4-5", "3", "15"),
    ],
)
def test_prices_are_those_of_short_prompts(url: str, model: str, prompt: str, completion: str) -> None:
    prices = prices_of(url, model)
    assert (prices.prompt, prices.completion) == (Decimal(prompt), Decimal(completion))
    assert prices.cached < prices.prompt


def test_more_cached_tokens_than_prompt_tokens_make_no_call_cheaper() -> None:
    prices = Prices(Decimal(3), Decimal(1), Decimal(5))
    assert prices.cost(Usage(100, 250, 10)).nanodollars == prices.cost(Usage(100, 100, 10)).nanodollars == 150_000
