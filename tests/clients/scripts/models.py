"""Models by `transformers`: `models.py REPO FOLDER`. Prints JSON: what it saw.

A BERT and a Llama with random weights, as small as they come.
"""

import json
import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    AutoConfig,
    AutoModel,
    AutoModelForCausalLM,
    AutoTokenizer,
    BertConfig,
    BertModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    pipeline,
)


def tokenizer() -> PreTrainedTokenizerFast:
    words = [
        "[UNK]",
        "[PAD]",
        "[CLS]",
        "[SEP]",
        *["hello", "world", "the", "sky", "is", "blue", "and", "why"],
    ]
    made = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(tokenizer_object=made, unk_token="[UNK]", pad_token="[PAD]")


def same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    left, right = one.state_dict(), other.state_dict()
    return left.keys() == right.keys() and all(torch.equal(left[key], right[key]) for key in left)


def main(repo: str, folder: Path) -> None:
    torch.manual_seed(0)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    bert = BertModel(BertConfig(vocab_size=50, intermediate_size=64, **shape))
    bert.push_to_hub(f"{repo}-bert")
    told = {"bert": same(bert, AutoModel.from_pretrained(f"{repo}-bert"))}

    llama = LlamaForCausalLM(
        LlamaConfig(vocab_size=50, intermediate_size=64, num_key_value_heads=2, **shape)
    )
    words = tokenizer()
    llama.push_to_hub(f"{repo}-llama", max_shard_size="40KB", commit_message="Weights")
    words.push_to_hub(f"{repo}-llama")
    back = AutoModelForCausalLM.from_pretrained(f"{repo}-llama", dtype=torch.float32)
    told["llama"] = same(llama, back)
    config = AutoConfig.from_pretrained(f"{repo}-llama")
    told["config"] = [config.model_type, config.hidden_size]
    loaded = AutoTokenizer.from_pretrained(f"{repo}-llama")
    told["tokens"] = loaded("why is the sky blue")["input_ids"]
    told["expected"] = words("why is the sky blue")["input_ids"]
    answer = pipeline("text-generation", model=f"{repo}-llama")("why", max_new_tokens=3)
    told["generated"] = answer[0]["generated_text"]
    llama.push_to_hub(f"{repo}-llama", create_pr=True)
    llama.save_pretrained(folder / "saved", push_to_hub=True, repo_id=f"{repo}-saved", private=True)
    told["saved"] = same(llama, AutoModelForCausalLM.from_pretrained(f"{repo}-saved"))
    try:
        AutoModel.from_pretrained("ada/never-there")
    except OSError as error:
        told["missing"] = str(error)
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
