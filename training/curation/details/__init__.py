"""The forms in which private details are written, by what they are, and the rules that find them."""
