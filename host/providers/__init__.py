"""The vendors of language models, one module for each API that is spoken; `account.py` has what they share."""
