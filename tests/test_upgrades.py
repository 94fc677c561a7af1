"""What older versions wrote is read, and goes on bit for bit; what a newer one wrote is refused."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import format_1
import pytest
import torch
from gloo_worker import make_pairs
from test_model import OBJECTIVES, SMALL
from test_train import RUN, assert_same_state, change, make_scored_pairs, run_training

from sspl.baselines import Contrastive, HardWay, Senocak
from sspl.build import build_model
from sspl.checkpoint import load_checkpoint, save_checkpoint
from sspl.config import ModelConfig, read_model_config
from sspl.data.config import DataConfig
from sspl.experiments.engine.results import load_results
from sspl.experiments.methods import PREDICTIVE
from sspl.objectives import BYOL, WMSE, BarlowTwins, ExtraTerms, SimSiam
from sspl.predictive_attention import PredictiveAttentionConfig
from sspl.presets import PRESETS
from sspl.training.config import RunConfig, TrainConfig
from sspl.training.devices import open_devices
from sspl.training.loop import LAST, list_differences, read_run, train
from sspl.training.trainer import Trainer
from sspl.upgrades import (
    FORMAT,
    read_format,
    upgrade_evaluation,
    upgrade_index,
    upgrade_metrics,
    upgrade_model_config,
    upgrade_result,
    upgrade_scores,
    upgrade_tensor_name,
    upgrade_terms,
)
from sspl.zoo.names import NAMES
from sspl.zoo.shipped import SHIPPED, find_checkpoint
from sspl.zoo.variants import INDEX, TINY_VARIANTS, load_variants, open_variants

# A model's config as format 1 wrote it, whatever the objective was.
OLD: dict = {
    "eyes": "tiny_vgg", "ears": "tiny_vggish",
    "image_px": 112, "visual_channels": 64, "sound_channels": 64,
    "query_width": 128, "num_cycles": 0, "pcm_channels": 32,
    "scaling": "min_max", "fusion": "attention",
    "stop_gradient": True, "projection_width": 256, "prediction_width": 64,
    "objective": "simsiam",
    "hardway_epsilon": 0.6, "hardway_epsilon2": 0.3, "hardway_tau": 0.02,
    "label_guided": False, "train_eyes": False,
    "rectified_features": True, "non_negative_query": True, "norm_offset": 5.0,
    "tie_weight": 0.0, "tie_off_diagonal": 0.005, "tie": "barlow_twins",
    "leave_out_weight": 0.0, "area_weight": 0.0, "sound_error_weight": 0.0,
}  # fmt: skip
NEW = ModelConfig(
    image_encoder="tiny_vgg",
    audio_encoder="tiny_vggish",
    query_width=128,
    num_cycles=0,
    pcm_channels=32,
    objective=SimSiam(projection_width=256, prediction_width=64),
    rectified_features=True,
    non_negative_query=True,
    norm_offset=5.0,
)


def upgrade(changes: dict) -> ModelConfig:
    return read_model_config(upgrade_model_config(OLD | changes, 1))


# --- A model's config -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "objective"),
    [
        ({"objective": "simsiam"}, SimSiam(projection_width=256, prediction_width=64)),
        (
            {"objective": "simsiam", "stop_gradient": False},
            SimSiam(stop_gradient=False, projection_width=256, prediction_width=64),
        ),
        ({"objective": "byol"}, BYOL(projection_width=256, prediction_width=64, decay=0.99)),
        ({"objective": "barlow_twins"}, BarlowTwins(projection_width=256)),
        ({"objective": "w_mse"}, WMSE(projection_width=256)),
        ({"objective": "hardway"}, HardWay(epsilon=0.6, epsilon2=0.3, tau=0.02)),
        ({"objective": "attention"}, Senocak()),
        ({"objective": "contrastive"}, Contrastive()),
        ({"objective": "contrastive", "label_guided": True}, Contrastive(label_guided=True)),
    ],
)
def test_each_objective_keeps_its_own_settings(old, objective):
    assert upgrade(old) == replace(NEW, objective=objective)


def test_extra_terms_have_their_new_names():
    old = {
        "num_cycles": 3, "tie_weight": 1.0, "tie": "vicreg", "tie_off_diagonal": 0.01,
        "leave_out_weight": 2.0, "area_weight": 0.5, "sound_error_weight": 0.25,
    }  # fmt: skip
    terms = ExtraTerms(
        correspondence_weight=1.0,
        correspondence="vicreg",
        correspondence_off_diagonal=0.01,
        background_weight=2.0,
        area_weight=0.5,
        sound_error_weight=0.25,
    )
    assert upgrade(old) == replace(NEW, num_cycles=3, terms=terms)


def test_the_image_encoder_that_learned_still_does():
    assert upgrade({"train_eyes": True}) == replace(NEW, train_image_encoder=True)


@pytest.mark.parametrize("num", [64, 512])
def test_the_width_of_embeddings_is_kept_and_those_of_encoders_are_checked(num):
    embedded = replace(NEW, audio_encoder="embedding", embedding_channels=num)
    assert upgrade({"ears": "embedding", "sound_channels": num}) == embedded
    for width in ("image_px", "visual_channels", "sound_channels"):
        with pytest.raises(ValueError, match=f"its {width} is not the"):
            upgrade({width: 7})


def test_what_is_older_still_had_fewer_fields():
    """As the shipped models', from before there were other objectives: defaults did not change."""
    later = (
        "objective", "stop_gradient", "hardway_epsilon", "hardway_epsilon2", "hardway_tau",
        "label_guided", "train_eyes", "tie", "sound_error_weight",
    )  # fmt: skip
    first = {name: value for name, value in OLD.items() if name not in later}
    assert read_model_config(upgrade_model_config(first, 1)) == NEW
    assert read_model_config(upgrade_model_config({}, 1)) == ModelConfig()


def test_an_unknown_field_is_no_config():
    with pytest.raises(TypeError, match="colour"):
        upgrade({"colour": "red"})


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_comes_back_from_format_1(name):
    run = PRESETS[name]()
    assert read_model_config(upgrade_model_config(format_1.write_model(run.model), 1)) == run.model


def test_nothing_is_changed_in_what_is_of_this_format():
    written = asdict(NEW)
    assert upgrade_model_config(written, FORMAT) == written
    row = {"epoch": 1, "tie": 0.5, "test_ciou_at_50": 0.2}
    assert upgrade_metrics(row, FORMAT) == row
    scores = {"listening": {"other": {"share_on": 0.1}}}
    assert upgrade_scores(scores, FORMAT) == scores
    assert upgrade_tensor_name("eyes.0.weight", FORMAT) == "eyes.0.weight"


# --- Rows, results, an index ------------------------------------------------------------------


def test_the_terms_of_a_loss_have_their_new_names():
    old = {"loss": 1.0, "tie": 0.1, "leave_out": 0.2, "area": 0.3, "attention": 0.4}
    new = {"loss": 1.0, "correspondence": 0.1, "background": 0.2, "area": 0.3, "senocak": 0.4}
    assert upgrade_terms(old, 1) == new


def test_the_score_of_the_split_that_chose_is_found():
    row = {"loss": 1.0, "tie": 0.1, "val_ciou_at_50": 0.4, "val_auc": 0.3}
    new = {"loss": 1.0, "correspondence": 0.1, "val_ciou_at_50": 0.4, "val_auc": 0.3, "score": 0.4}
    assert upgrade_metrics(row, 1) == new
    assert upgrade_metrics({"test_ciou_at_50": 0.2}, 1)["score"] == 0.2
    assert upgrade_metrics({"loss": 1.0}, 1) == {"loss": 1.0, "score": None}


def test_the_share_that_was_on_is_the_active_area():
    other, silent = {"ciou_at_50": 0.3, "share_on": 0.14}, {"share_on": 0.0}
    old = {"n": 5, "listening": {"other": other, "silent": silent}}
    assert upgrade_scores(old, 1) == {
        "n": 5,
        "listening": {
            "other": {"ciou_at_50": 0.3, "active_area": 0.14},
            "silent": {"active_area": 0.0},
        },
    }
    assert upgrade_scores({"n": 5}, 1) == {"n": 5}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("dial", "false_negative_rate"),
        ("listening", "negative_audio"),
        ("table5", "table5"),
        ("figure2", "figure2"),
    ],
)
def test_a_result_has_its_new_name_everywhere(old, new):
    run = {"model": OLD, "train": asdict(TrainConfig()), "data": asdict(DataConfig())}
    scores = {"solo": {"listening": {"other": {"share_on": 0.1}}}}
    result = {
        "name": old, "title": "A title", "command": f"python -m sspl.experiments {old}",
        "figures": [f"{old}.png", f"{old}-batch-128-maps.jpg"],
        "rows": [{"label": "a", "scores": scores, "config": run}, {"label": "b"}],
    }  # fmt: skip
    upgraded = upgrade_result(result)
    assert upgraded["format"] == FORMAT
    assert (upgraded["name"], upgraded["command"]) == (new, f"python -m sspl.experiments {new}")
    assert upgraded["figures"] == [f"{new}.png", f"{new}-batch-128-maps.jpg"]
    first, second = upgraded["rows"]
    assert first["scores"]["solo"]["listening"]["other"] == {"active_area": 0.1}
    assert read_model_config(first["config"]["model"]) == NEW
    assert second == {"label": "b"}
    assert result["rows"][0]["config"]["model"] == OLD  # what was read is left as it was
    assert upgrade_result(upgraded) == upgraded


def test_of_an_old_and_a_new_file_of_one_result_the_new_one_counts(tmp_path):
    fields = {"title": "", "command": "", "columns": {}, "preset": "tiny"}
    old = {**fields, "name": "dial", "rows": [{"label": "old"}]}
    new = {**fields, "name": "false_negative_rate", "rows": [{"label": "new"}], "format": FORMAT}
    (tmp_path / "dial.json").write_text(json.dumps(old))
    assert [*load_results(tmp_path)] == ["false_negative_rate"]
    (tmp_path / "false_negative_rate.json").write_text(json.dumps(new))
    (found,) = load_results(tmp_path).values()
    assert found["rows"] == [{"label": "new"}]


def test_the_shipped_results_are_read(tmp_path):
    results = load_results(SHIPPED.parent / "results")
    assert {"false_negative_rate", "negative_audio"} <= set(results)
    for name, result in results.items():
        assert result["name"] == name
        for row in result["rows"]:
            if row["label"].startswith(PREDICTIVE):
                PredictiveAttentionConfig(**row["config"]["model"])
            else:
                read_model_config(row["config"]["model"])
            for scores in row["scores"].values():
                assert all("active_area" in found for found in scores["listening"].values())


def test_an_index_lists_its_variants_whatever_they_were_called():
    entries = [{"name": "start"}]
    assert upgrade_index({"scale": "tiny", "exhibits": entries}) == entries
    assert upgrade_index({"format": 2, "setup": "tiny", "variants": entries}) == entries


# --- Newer than this version ------------------------------------------------------------------

SENTENCE = rf"is of format {FORMAT + 1} and this version reads up to {FORMAT}: take a newer sspl"


def test_a_newer_format_is_refused():
    newer = {"format": FORMAT + 1}
    for read in (read_format, upgrade_result, upgrade_index):
        with pytest.raises(ValueError, match=SENTENCE):
            read(newer)
    assert read_format({}) == 1
    assert read_format({"format": FORMAT}) == FORMAT


def test_a_newer_file_is_named(tmp_path):
    run_training(tmp_path)
    for file in (tmp_path / "best" / "meta.json", tmp_path / "config.json"):
        file.write_text(json.dumps(json.loads(file.read_text()) | {"format": FORMAT + 1}))
    with pytest.raises(ValueError, match=f"best {SENTENCE}"):
        load_checkpoint(tmp_path / "best")
    with pytest.raises(ValueError, match=rf"config\.json .*{SENTENCE}"):
        read_run(tmp_path / "config.json")
    state = torch.load(tmp_path / LAST, weights_only=True)
    torch.save(state | {"format": FORMAT + 1}, tmp_path / LAST)
    trainer = Trainer(build_model(RUN.model), RUN, make_pairs(8), open_devices("cpu"))
    with pytest.raises(ValueError, match=rf"last\.pt {SENTENCE}"):
        trainer.resume(tmp_path / LAST)
    result = {"title": "", "command": "", "columns": {}, "preset": "tiny", "rows": []}
    (tmp_path / "table5.json").write_text(json.dumps(result | {"format": FORMAT + 1}))
    (tmp_path / "config.json").unlink()
    with pytest.raises(ValueError, match=rf"table5\.json {SENTENCE}"):
        load_results(tmp_path)
    (tmp_path / INDEX).write_text(json.dumps({"format": FORMAT + 1, "variants": []}))
    with pytest.raises(ValueError, match=rf"variants\.json .*{SENTENCE}"):
        load_variants(tmp_path)


# --- Checkpoints ------------------------------------------------------------------------------


@pytest.mark.parametrize("config", OBJECTIVES, ids=lambda config: config.objective.name)
def test_a_checkpoint_of_format_1_is_the_same_model(tmp_path, config):
    model = build_model(config, seed=7)
    save_checkpoint(model, tmp_path, {"epoch": 3})
    format_1.rewrite_checkpoint(tmp_path, config)
    assert json.loads((tmp_path / "meta.json").read_text())["config"]["eyes"] == "tiny_vgg"
    loaded = load_checkpoint(tmp_path)
    assert loaded.config == config
    assert loaded.state_dict().keys() == model.state_dict().keys()
    for name, value in model.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name]), name


@pytest.mark.parametrize("name", NAMES)
def test_the_shipped_models_load(name):
    folder = find_checkpoint(name)
    written = json.loads((folder / "meta.json").read_text())
    model = load_checkpoint(folder)
    assert model.config.image_encoder in ("tiny_vgg", "efficientnet_lite0")
    if read_format(written) == 1:
        assert model.config.terms.correspondence_weight == written["config"]["tie_weight"]


def test_the_shipped_variants_load():
    variants = load_variants()
    assert len(variants) == 24
    assert len(list(TINY_VARIANTS.glob("*.safetensors"))) == 24
    models = open_variants(variants)
    written = json.loads((TINY_VARIANTS / INDEX).read_text())
    for entry, variant in zip(upgrade_index(written), variants, strict=True):
        assert models[variant.name].config == variant.config
        if read_format(written) == 1:
            assert format_1.write_model(variant.config) == entry["config"] | {
                name: format_1.write_model(variant.config)[name] for name in format_1.SETTINGS
            }


# --- Runs -------------------------------------------------------------------------------------


def test_a_run_of_format_1_is_read(tmp_path):
    run = RunConfig(
        model=NEW,
        train=TrainConfig(epochs=3, cached_views=2),
        data=DataConfig(kinds=("duet",), num_train=12),
    )
    (tmp_path / "config.json").write_text(json.dumps(format_1.write_run(run)))
    assert read_run(tmp_path / "config.json") == run
    assert list_differences(tmp_path / "config.json", run) == []


def test_every_setting_in_which_another_run_differs_is_named(tmp_path):
    run = change(RUN, seed=3)
    (tmp_path / "config.json").write_text(json.dumps({"format": FORMAT, **asdict(run)}))
    assert list_differences(tmp_path / "config.json", run) == []
    assert list_differences(tmp_path / "config.json", change(run, epochs=99)) == []  # may grow
    model = replace(
        RUN.model,
        norm_offset=1.0,
        objective=replace(RUN.model.objective, projection_width=32),
        terms=ExtraTerms(area_weight=0.5),
    )
    other = replace(change(RUN, seed=4), model=model, data=DataConfig(kinds=("duet",)))
    assert list_differences(tmp_path / "config.json", other) == [
        "model.objective.projection_width is 16 there and 32 here",
        "model.norm_offset is 0.0 there and 1.0 here",
        "model.terms.area_weight is 0.0 there and 0.5 here",
        "train.seed is 3 there and 4 here",
        "data.num_train is 8 there and 2048 here",
        "data.num_val is 4 there and 400 here",
        "data.kinds is ('solo', 'duet', 'silent') there and ('duet',) here",
    ]
    assert "model.objective.name is 'simsiam' there and 'barlow_twins' here" in list_differences(
        tmp_path / "config.json",
        replace(run, model=replace(run.model, objective=BarlowTwins(projection_width=16))),
    )


def test_resuming_as_another_run_says_how_it_differs(tmp_path):
    run_training(tmp_path)
    model = replace(RUN.model, norm_offset=1.0)
    other = replace(change(RUN, seed=5, epochs=3), model=model)
    with pytest.raises(ValueError, match="another run and cannot be continued") as caught:
        run_training(tmp_path, other, resume=True)
    assert "model.norm_offset is 0.0 there and 1.0 here" in str(caught.value)
    assert "train.seed is 0 there and 5 here" in str(caught.value)
    assert "epochs" not in str(caught.value)


def stop_within_an_epoch(run: RunConfig, folder: Path, monkeypatch) -> None:
    """Leave a run as it is when killed in the second step of its second epoch."""
    steps, train_step = [], Trainer.train_step

    def die_in_the_sixth(self, indices):
        steps.append(indices)
        if len(steps) == 6:
            raise KeyboardInterrupt
        return train_step(self, indices)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "train_step", die_in_the_sixth)
        with pytest.raises(KeyboardInterrupt):
            go_on(run, folder)


def go_on(run: RunConfig, folder: Path, resume: bool = False) -> None:
    pairs, scored = make_pairs(8), make_scored_pairs(4)
    train(build_model(run.model), run, pairs, scored, folder, resume, save_every=1)


def read_log(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


PAIRED = replace(
    SMALL,
    terms=ExtraTerms(correspondence_weight=1.0, background_weight=1.0, area_weight=0.5),
)


@pytest.mark.parametrize(
    "model",
    [PAIRED, *OBJECTIVES[1:], replace(SMALL, num_cycles=0, train_image_encoder=True)],
    ids=lambda model: "learns" if model.train_image_encoder else model.objective.name,
)
def test_a_run_of_format_1_goes_on_bit_for_bit(tmp_path, monkeypatch, model):
    """Killed within an epoch, so that sums of terms come along, under their old names."""
    views = 0 if model.train_image_encoder else 2
    size = 8 if model.objective.name == "w_mse" else 2
    run = replace(change(RUN, epochs=3 if size == 2 else 8, batch_size=size), model=model)
    run = change(run, cached_views=views)
    go_on(run, tmp_path / "whole")
    stop_within_an_epoch(run, tmp_path / "stopped", monkeypatch)
    format_1.rewrite_run(tmp_path / "stopped", run)
    go_on(run, tmp_path / "stopped", resume=True)
    assert_same_state(tmp_path / "whole", tmp_path / "stopped")
    whole, stopped = (read_log(tmp_path / name) for name in ("whole", "stopped"))
    assert [row["score"] for row in whole] == [row["score"] for row in stopped]
    assert json.loads((tmp_path / "stopped" / "config.json").read_text())["format"] == FORMAT


def test_a_finished_run_of_format_1_has_its_log_in_todays_names(tmp_path):
    run_training(tmp_path)
    rows = read_log(tmp_path)
    format_1.rewrite_run(tmp_path, RUN)
    assert not any("score" in row for row in read_log(tmp_path))
    run_training(tmp_path, resume=True)
    assert read_log(tmp_path) == rows


def test_an_evaluation_of_format_1_is_read():
    old = {"n": 3, "listening": {"right": {"share_on": 0.2}}, "duets": {"n": 1}}
    new = upgrade_evaluation(old)
    assert new == {"n": 3, "listening": {"right": {"active_area": 0.2}}, "multi_source": {"n": 1}}
    assert upgrade_evaluation({**new, "format": 2}) == {**new, "format": 2}
