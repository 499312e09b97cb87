"""Small checkpoints of the real architectures, in the real format: random weights, a tokenizer of the sample."""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertModel,
    GPT2Config,
    GPT2LMHeadModel,
    LlamaConfig,
    LlamaForCausalLM,
    OlmoConfig,
    OlmoForCausalLM,
    PreTrainedTokenizerFast,
)

from distill.student.student import Student, StudentSpec, open_sampler, open_student
from distill.weights.minilm import MINILM, folder_of
from schemas.progress import Progress, silent
from tests.support.server import ROOT

KINDS = ("llama", "comet-distill", "comet-gpt2", "comet-bart")
_SPECIAL = {
    "llama": ["<|end|>"],
    "comet-distill": ["<|endoftext|>", "<head>", "</head>", "<relation>", "</relation>", "[GEN]"],
    "comet-gpt2": ["[EOS]", "[GEN]"],
    "comet-bart": ["<s>", "</s>", "<pad>", "[GEN]"],
    "olmo": ["<|end|>"],  # an architecture that CTranslate2 does not have
}


def make(kind: str, folder: Path, *, seed: int = 0) -> Path:
    """Save a checkpoint of a kind in a folder."""
    special = _SPECIAL[kind]
    tokenizer = _tokenizer(special, is_bart=kind == "comet-bart")
    torch.manual_seed(seed)
    model = _model(kind, len(tokenizer))
    with torch.no_grad():
        # Sharp enough that what is likeliest does not hang on rounding.
        for name, weight in model.named_parameters():
            if weight.dim() > 1 and "embed" not in name and "wte" not in name:
                weight.mul_(3)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_encoder(folder: Path) -> Path:
    """Save an encoder of BERT's kind with MiniLM's tokenizer and small random weights in a folder."""
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        shutil.copyfile(folder_of(MINILM) / name, folder / name)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=30522,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


def _tokenizer(special: list[str], *, is_bart: bool) -> PreTrainedTokenizerFast:
    bytes_ = Tokenizer(models.BPE())
    bytes_.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_.decoder = decoders.ByteLevel()
    texts = [json.loads(line) for line in (ROOT / "graph" / "sample.jsonl").read_text().splitlines()[:2000]]
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    bytes_.train_from_iterator([f"{t['head']} {t['tail']}" for t in texts], trainer)
    names: dict[str, Any] = {"eos_token": "</s>" if is_bart else special[0]}
    if is_bart:
        from tokenizers.processors import TemplateProcessing

        ids = [(token, bytes_.token_to_id(token)) for token in ("<s>", "</s>")]
        bytes_.post_processor = TemplateProcessing(single="<s> $A </s>", special_tokens=ids)
        names |= {"bos_token": "<s>", "pad_token": "<pad>"}
    return PreTrainedTokenizerFast(tokenizer_object=bytes_, additional_special_tokens=special, **names)


def _model(kind: str, vocabulary: int) -> Any:
    if kind == "llama":
        return LlamaForCausalLM(
            LlamaConfig(
                vocab_size=vocabulary,
                hidden_size=64,
                intermediate_size=128,
                num_hidden_layers=2,
                num_attention_heads=4,
                num_key_value_heads=2,
                max_position_embeddings=512,
                bos_token_id=0,
                eos_token_id=0,
                pad_token_id=0,
                tie_word_embeddings=True,
            )
        )
    if kind == "olmo":
        return OlmoForCausalLM(
            OlmoConfig(
                vocab_size=vocabulary,
                hidden_size=64,
                intermediate_size=128,
                num_hidden_layers=2,
                num_attention_heads=4,
                max_position_embeddings=512,
                bos_token_id=0,
                eos_token_id=0,
                pad_token_id=0,
            )
        )
    if kind == "comet-bart":
        return BartForConditionalGeneration(
            BartConfig(
                vocab_size=vocabulary,
                d_model=64,
                encoder_layers=2,
                decoder_layers=2,
                encoder_attention_heads=4,
                decoder_attention_heads=4,
                encoder_ffn_dim=128,
                decoder_ffn_dim=128,
                max_position_embeddings=256,
                bos_token_id=0,
                eos_token_id=1,
                pad_token_id=2,
                decoder_start_token_id=1,
                forced_eos_token_id=None,
            )
        )
    return GPT2LMHeadModel(
        GPT2Config(
            vocab_size=vocabulary,
            n_embd=64,
            n_layer=2,
            n_head=4,
            n_positions=512,
            bos_token_id=0,
            eos_token_id=0,
        )
    )


def opened(folder: Path, cache: Path, progress: Progress = silent, **options: object) -> Student:
    """A student of a folder, with all methods."""
    values = {"prompt_form": None, "device": "cpu", "compute_type": "float32", "threads": 2} | options
    spec = StudentSpec(student=str(folder), cache=cache, **values)  # type: ignore[arg-type]
    student = open_student(spec, progress)
    if "sample" not in student.engines:
        student.engines |= open_sampler(spec, progress).engines
    return student
