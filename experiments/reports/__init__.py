"""Pages and pictures that tell people what a comparison or an audit found."""
