"""What the words of a report mean, for those who meet them for the first time."""

WORDS = {
    "cIoU": "How well the region that a map switches on meets the boxes: the part of the boxes "
    "that is on, divided by the boxes and what is on outside them. 1 is a perfect match, 0 a miss. "
    "Where several people drew boxes, places on which they agree count fully, others half.",
    "cIoU@0.5": "The share of samples whose cIoU is at least 0.5: how often the source is found.",
    "AUC": "The area under the success curve, which shows for every threshold of the cIoU the "
    "share of samples that reach it.",
    "Mean cIoU": "The average of the cIoU over all samples.",
    "Protocol": "The rule by which a map becomes a region. sspl switches on what is above the "
    "middle between the map's lowest and highest value; lvs and ezvsl the higher half of the "
    "picture, however small the source; adaptive as many pixels as the boxes have, so that the "
    "map is told the size. Scores under different protocols do not compare.",
    "Floor": "What scores without listening: a disc in the middle, the average of the training "
    "boxes (mean box), the whole picture (everything), or what the image encoder alone finds "
    "striking (saliency). A score that is not above every floor does not show that anything was "
    "localized by its sound.",
    "Ceiling": "The best score that any map without ties could reach under the protocol.",
    "Refined": "The map mixed with the saliency (object-guided localization, from EZ-VSL): 0.4 of "
    "the map, 0.6 of the other.",
    "95% interval": "How far the score depends on which samples were drawn: 95% of 1000 resamples "
    "score within it. It does not say how the score would vary if the model were trained again.",
    "Maps correlate": "1 where a map does not change with the sound, 0 where it has nothing "
    "in common with the map under the picture's own sound.",
    "Share on": "How much of the pictures is above one threshold, the same under every sound. The "
    "protocols stretch each map to its own full range, so that even silence has places that are "
    "on; here a model that listens goes out under silence.",
}
EXTENDED_WORDS = {
    "AP, max-F1, LocAcc": "For sets in which some sounds are silent or come from off-screen: does "
    "the model say whether the source is seen, and find it? AP is the average precision over all "
    "thresholds of confidence, max-F1 the best F1 at any of them, LocAcc how often what is seen "
    "is found.",
}
MULTI_SOURCE_WORDS = {
    "CIoU@0.3, NSA": "For pictures with several instruments: CIoU averages the cIoU over the "
    "classes that sound, and CIoU@0.3 is how often it is at least 0.3; NSA is the share of the "
    "picture that stays off for the classes that are silent.",
}
TILE_WORDS = {
    "Tile accuracy": "For mosaics, pictures of different classes side by side with the sound of "
    "one: the share of them in which the map's mean is greatest in the picture that sounds. A map "
    "that prefers none, such as a disc in the middle, is wrong. Where a picture stands is drawn by "
    "lot, so that without listening nothing is better than chance.",
}
MORE_WORDS = {  # by the key of a result that has them
    "extended": EXTENDED_WORDS,
    "multi_source": MULTI_SOURCE_WORDS,
    "mosaic": TILE_WORDS,
}
