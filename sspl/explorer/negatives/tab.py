"""The tab "False negatives": a batch and its wrong pairs, a minute of training, the full runs.

What the tab teaches is Sec. 1 and D.3 of the paper: a contrastive loss pushes a picture away from
every other sound of its batch, and some of those are of the very instrument that it shows.
"""

from typing import Any

import gradio as gr

from sspl.experiments.live_training import NUM_HELD, NUM_TRAIN
from sspl.explorer.negatives.batch import draw_batch
from sspl.explorer.negatives.choices import BATCHES, FIRST, FIRST_TRAINING, FIVE_SEEDS, INSTRUMENTS
from sspl.explorer.negatives.full_runs import describe_full_runs
from sspl.explorer.negatives.training import train_methods
from sspl.explorer.page import Page, draw_in_browser
from sspl.explorer.uploads import tell_person

FOUND = "; ".join(f"{name} {', '.join(map(str, num))}" for name, num in FIVE_SEEDS.items())
BATCH_WORDS = """### 1. A batch, and what is wrong with it
Contrastive learning draws clips at random and tells the model: a picture belongs to its own sound,
and to none of the others. But two cellos sound alike. A sound of the same instrument is a **false
negative**: the model is told to find the cello unlike a cello."""
TRAINING_WORDS = f"""### 2. Train A, B and C for a minute
Three models start alike and learn from the same {NUM_TRAIN} scenes of the built-in world, in the
same batches, on this machine's processor. **A** pushes every picture away from all other sounds of
its batch, **B** leaves the false negatives out, for which it must be told what plays, and **C**,
SSPL without PCM by our recipe, compares two views of a picture and ties what the map picks out to
the sound; it pushes nothing away. All are scored on {NUM_HELD} scenes that none has seen, where a
second instrument is seen and not heard. At the choices that stand here half of the negatives are
false, and with the seeds 0 to 4 these were found: {FOUND}. A is behind B in four of
five, but so few scenes show it clearly with one seed alone, 2, which therefore stands here; that C,
which needs no labels, is ahead of A a minute does not show."""
RUNS_WORDS = "### 3. The full runs"
MUSIC_WORDS = """The paper shows this on MUSIC. With its videos, which are not ours, and a GPU:
```
python -m sspl.prepare --out data/music music --source MUSIC
python -m sspl.prepare --out data/flickr flickr --source SoundNet_Flickr
python -m sspl.experiments figure2 --preset paper --flickr data/flickr --music data/music
```"""
NEXT_SEED = "async (num, size, seed) => [num, size, (await window.sspl).nextBatch()]"
SAME_SEED = "async (num, size, seed) => [num, size, (await window.sspl).thisBatch()]"
ANNOUNCE = "async (...given) => { (await window.sspl).announceTraining(); return given; }"
LOOK: Any = {"show_progress": "minimal", "trigger_mode": "always_last"}
REFUSED = "async () => (await window.sspl).refuseTraining()"
STOP = "async () => (await window.sspl).stopTraining()"


def build_negatives_tab(page: Page) -> None:
    """Lay the tab out. It shows no visitor's scene, so that it has no view of one."""
    gr.Markdown(BATCH_WORDS)
    with gr.Row(elem_id="batch-choices"):
        num = gr.Radio(
            [str(n) for n in INSTRUMENTS], value=str(FIRST["num_instruments"]), label="Instruments"
        )
        size = gr.Radio(
            [str(n) for n in BATCHES], value=str(FIRST["batch_size"]), label="Clips in a batch"
        )
        another = gr.Button("Draw another batch", elem_id="another-batch")
    drawn = gr.Number(FIRST["seed"], precision=0, visible=False)
    batch = draw_in_browser("batch", {}, "A batch and its pairs")
    gr.Markdown(TRAINING_WORDS)
    with gr.Row(elem_id="training-choices"):
        start = gr.Button("Train A, B and C", variant="primary", elem_id="start-training")
        cancel = gr.Button("Cancel", elem_id="cancel-training")
        seed = gr.Number(FIRST_TRAINING, precision=0, label="Seed", elem_id="training-seed")
    live_training = draw_in_browser("training", {}, "Training A, B and C")
    gr.Markdown(RUNS_WORDS)
    runs = draw_in_browser("fullruns", {}, "The stored full runs")
    gr.Markdown(MUSIC_WORDS)

    draw, asked = tell_person(draw_batch), [num, size, drawn]
    another.click(
        draw,
        asked,
        batch,
        js=NEXT_SEED,
        api_name="draw_batch",
        api_visibility="undocumented",
        **LOOK,
    )
    batch.select(draw, asked, batch, api_visibility="private", **LOOK)  # it came into sight
    gr.on(
        [num.input, size.input], draw, asked, batch, js=SAME_SEED, api_visibility="private", **LOOK
    )
    training = start.click(
        tell_person(train_methods),
        [num, size, seed],
        live_training,
        js=ANNOUNCE,
        api_name="train_methods",
        api_visibility="undocumented",
        show_progress="hidden",
        concurrency_limit=1,
        concurrency_id="training",
    )
    training.failure(js=REFUSED, api_visibility="private")
    cancel.click(None, cancels=[training], js=STOP)
    runs.select(
        tell_person(describe_full_runs), None, runs, api_name="describe_full_runs",
        api_visibility="undocumented",
        show_progress="hidden",
    )  # fmt: skip
