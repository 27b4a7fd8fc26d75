"""One folder a screen: a plain model and the view that paints it."""
