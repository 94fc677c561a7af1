"""Table 4: what is done to a view beside cropping, without PCM; parameters of Table S2.

    python -m sspl.experiments table4

Paper, cIoU@0.5 on Flickr / VGG-SS: crop alone 0.514 / 0.233, with horizontal flip 0.671 / 0.253,
vertical flip 0.667 / 0.213, translation 0.643 / 0.216, rotation 0.639 / 0.227, grayscale
0.610 / 0.226, colour jittering 0.679 / 0.232, Gaussian blur 0.619 / 0.204. A row is a crop and that
one, not all that stand above it.
"""

from dataclasses import replace

from sspl.experiments.scale import Scale
from sspl.experiments.variants import Experiment, Variant

PAPER = {
    "crop": ("Crop", (0.514, 0.499), (0.233, 0.324)),
    "horizontal_flip": ("+ Horizontal flip", (0.671, 0.556), (0.253, 0.335)),
    "vertical_flip": ("+ Vertical flip", (0.667, 0.551), (0.213, 0.317)),
    "translation": ("+ Translation", (0.643, 0.541), (0.216, 0.313)),
    "rotation": ("+ Rotation", (0.639, 0.543), (0.227, 0.331)),
    "grayscale": ("+ Grayscale", (0.610, 0.535), (0.226, 0.318)),
    "colour_jitter": ("+ Color jittering", (0.679, 0.560), (0.232, 0.328)),
    "gaussian_blur": ("+ Gaussian blur", (0.619, 0.533), (0.204, 0.299)),
}


def list_variants(scale: Scale) -> list[Variant]:
    run = scale.main.without_pcm
    return [
        Variant(
            label=label,
            run=replace(run, train=replace(run.train, augmentation=name)),
            paper={"Flickr": flickr, "VGG-SS": vggss},
        )
        for name, (label, flickr, vggss) in PAPER.items()
    ]


EXPERIMENT = Experiment(name="table4", title="Table 4: image augmentations", variants=list_variants)
