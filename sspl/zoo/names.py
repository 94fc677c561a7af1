"""The names of the models that come along."""

# Name -> folder in assets/models; the first is the default.
NAMES = {
    "photo": "photo",
    "photo-pcm": "photo-pcm",
    "tiny-predictive": "tiny-predictive",
    "tiny": "tiny-pcm",
    "tiny-no-pcm": "tiny-no-pcm",
}
DEFAULT = next(iter(NAMES))
