"""Minds that ask a language model: in process (`vllm`) or over HTTP (`server`)."""
