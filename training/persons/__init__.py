"""Who people are, from what they did: figures in, our own words out."""
