"""How the embedded model is made: scenes, their pictures and captions, and the training."""
