"""A tiny model with a byte tokenizer, for tests of training."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def tiny_model(folder: Path) -> Path:
    """Save a model of two layers in `folder`; its tokens are bytes, and capital letters after a space."""
    letters = [f"\u0120{chr(code)}" for code in range(ord("A"), ord("Z") + 1)]
    specials = ["<|im_start|>", "<|im_end|>"]
    words = [*sorted(pre_tokenizers.ByteLevel.alphabet()), *letters]
    vocabulary = {word: number for number, word in enumerate([*specials, *words])}
    merges = [("\u0120", letter[1]) for letter in letters]
    byte_tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    byte_tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    byte_tokenizer.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=byte_tokenizer, eos_token=specials[1], pad_token=specials[1], chat_template=TEMPLATE
    )
    tokenizer.add_special_tokens({"additional_special_tokens": specials})
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        eos_token_id=1,
        pad_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
