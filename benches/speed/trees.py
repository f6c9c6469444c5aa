"""Two hundred trees of 31 leaves beside the libraries that train such models.

The engine and LightGBM load the same model, and must answer the same to the last bit. XGBoost cannot read it, and
compares 32-bit floats: it walks a model of its own, of as many trees and leaves, trained on the same rows.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from time import process_time
from typing import Any, Final

import numpy as np
from numba import types
from numpy.typing import NDArray

from bonafide.engine.kernel import entry, pointer, shift, source_stamp
from bonafide.engine.kernels import cache_folder
from bonafide.engine.trees.arrays import Trees
from bonafide.engine.trees.lightgbm_text import read_lightgbm
from bonafide.engine.trees.shapley import plan_shapley, shapley
from bonafide.engine.trees.walk import attribute, raw_score

from .stage import Bound, Measured, Ran, Side, Size, Stage, answers_file
from .trees_made import INPUTS, LEAVES, SEED, TREES, Rows, make_model, make_rows

ENGINE: Final = "engine"
SINGLE: Final = "engine, one row a call"
BATCH: Final = "engine, in batch"
PARTS: Final = "engine, what each input adds along the way"
SHAPLEY: Final = "engine, Shapley values"
LIGHTGBM: Final = "lightgbm"
LIGHTGBM_SINGLE: Final = "lightgbm predict, one row a call"
LIGHTGBM_FAST: Final = "lightgbm's fast path in C, one row a call"
LIGHTGBM_BATCH: Final = "lightgbm predict, in batch"
LIGHTGBM_SHAPLEY: Final = "lightgbm pred_contrib"
XGBOOST: Final = "xgboost"
XGBOOST_SINGLE: Final = "xgboost inplace_predict, one row a call"
XGBOOST_BATCH: Final = "xgboost inplace_predict, in batch"

_WORDS: Final = types.int64[::1]
_FLOATS: Final = types.float64[::1]
_ROWS: Final = types.float64[:, ::1]
_RAW_SCORE: Final = 1
_FLOAT64: Final = 1
"""LightGBM's C_API_PREDICT_RAW_SCORE and C_API_DTYPE_FLOAT64."""


def make_inputs(folder: Path, size: Size) -> None:
    """Make the model and the rows."""
    (folder / "model.txt").write_text(make_model(), encoding="utf-8")
    np.save(folder / "rows.npy", make_rows(size["rows"], SEED - 1))


def _inputs(folder: Path) -> tuple[str, Rows]:
    return (folder / "model.txt").read_text(encoding="utf-8"), np.load(folder / "rows.npy")


def _us(rows: int, work: Callable[[], object]) -> float:
    """Microseconds on the processor a row."""
    begin = process_time()
    work()
    return (process_time() - begin) / rows * 1e6


def score_rows(words: Any, floats: Any, rows: Any, into: Any) -> None:
    """The raw score of each row."""
    for i in range(rows.shape[0]):
        into[i] = raw_score(pointer(words), pointer(floats), shift(pointer(rows), i * rows.shape[1]))


def attribute_rows(words: Any, floats: Any, rows: Any, into: Any) -> None:
    """What each input adds along the way, of each row."""
    for i in range(rows.shape[0]):
        at = i * rows.shape[1]
        attribute(pointer(words), pointer(floats), shift(pointer(rows), at), shift(pointer(into), at))


def shapley_rows(words: Any, floats: Any, plan: Any, work: Any, rows: Any, into: Any) -> None:
    """The Shapley values of each row."""
    for i in range(rows.shape[0]):
        row, told = shift(pointer(rows), i * rows.shape[1]), shift(pointer(into), i * rows.shape[1])
        shapley(pointer(words), pointer(floats), pointer(plan), pointer(work), row, told)


def _compiled(function: Callable[..., None], *arguments: Any) -> Any:
    return entry(types.void(*arguments), cache_folder() / source_stamp() / "benches")(function)


def run_engine(folder: Path, size: Size) -> Ran:
    """The engine's kernels over the rows; scores must be the same in batch and one by one."""
    text, rows = _inputs(folder)
    trees = read_lightgbm(text)
    score = _compiled(score_rows, _WORDS, _FLOATS, _ROWS, _FLOATS)
    attributed = _compiled(attribute_rows, _WORDS, _FLOATS, _ROWS, _ROWS)
    scores, alone = np.ones(len(rows)), np.ones(size["single rows"])
    pieces = [(rows[i : i + 1], alone[i : i + 1]) for i in range(len(alone))]

    def one_by_one() -> None:
        for row, answer in pieces:
            score(trees.words, trees.floats, row, answer)

    into = np.ones(rows.shape)
    into.fill(0.0)  # zeros alone would be memory that is first touched while time is taken
    figures = {
        BATCH: _us(len(rows), lambda: score(trees.words, trees.floats, rows, scores)),
        SINGLE: _us(len(alone), one_by_one),
        PARTS: _us(len(rows), lambda: attributed(trees.words, trees.floats, rows, into)),
        SHAPLEY: _shapley_us(trees, rows[: size["Shapley rows"]]),
    }
    np.save(answers_file(folder, ENGINE), scores[:, None])
    return Ran(figures, (), bool((alone == scores[: len(alone)]).all()))


def _shapley_us(trees: Trees, rows: Rows) -> float:
    plan, into = plan_shapley(trees), np.zeros(rows.shape)
    values = _compiled(shapley_rows, _WORDS, _FLOATS, _WORDS, _FLOATS, _ROWS, _ROWS)
    return _us(len(rows), lambda: values(trees.words, trees.floats, plan.words, plan.floats, rows, into))


def run_lightgbm(folder: Path, size: Size) -> Ran:
    """LightGBM on one thread: its Python call, and the call of its C library that is made for single rows."""
    import lightgbm

    text, rows = _inputs(folder)
    booster = lightgbm.Booster(model_str=text)
    singles = [rows[i : i + 1] for i in range(size["single rows"])]
    answers: list[Any] = []
    figures = {
        LIGHTGBM_BATCH: _us(len(rows), lambda: answers.append(booster.predict(rows, raw_score=True, num_threads=1))),
        LIGHTGBM_SINGLE: _us(
            len(singles), lambda: [booster.predict(row, raw_score=True, num_threads=1) for row in singles]
        ),
        LIGHTGBM_SHAPLEY: _us(
            size["Shapley rows"],
            lambda: booster.predict(rows[: size["Shapley rows"]], pred_contrib=True, num_threads=1),
        ),
    }
    figures[LIGHTGBM_FAST], equal = _fast_us(booster, singles, answers[0])
    np.save(answers_file(folder, LIGHTGBM), answers[0][:, None])
    return Ran(figures, (), equal)


def _fast_us(booster: Any, rows: list[Rows], expected: NDArray[np.float64]) -> tuple[float, bool]:
    """Microseconds a row of LGBM_BoosterPredictForMatSingleRowFast, which Python's package does not call."""
    basic: Any = import_module("lightgbm.basic")  # it has no types for its C library
    library, check = basic._LIB, basic._safe_call
    config, length, answer = ctypes.c_void_p(), ctypes.c_int64(), ctypes.c_double()
    check(library.LGBM_BoosterPredictForMatSingleRowFastInit(
        booster._handle, _RAW_SCORE, 0, -1, _FLOAT64, INPUTS, ctypes.c_char_p(b"num_threads=1"), ctypes.byref(config)
    ))  # fmt: skip
    call, told, where = library.LGBM_BoosterPredictForMatSingleRowFast, ctypes.byref(length), ctypes.byref(answer)
    addresses = [ctypes.c_void_p(row.ctypes.data) for row in rows]
    answers = []

    def one_by_one() -> None:
        for address in addresses:
            call(config, address, told, where)
            answers.append(answer.value)

    taken = _us(len(rows), one_by_one)
    check(library.LGBM_FastConfigFree(config))
    return taken, answers == expected[: len(rows)].tolist()


def run_xgboost(folder: Path, size: Size) -> Ran:
    """XGBoost on one thread, with a model of its own; its answers are its own, too."""
    import xgboost

    _, rows = _inputs(folder)
    labels = np.load(answers_file(folder, ENGINE))[:, 0]
    settings = {"nthread": 1, "tree_method": "hist", "grow_policy": "lossguide", "max_leaves": LEAVES, "max_depth": 0}
    booster = xgboost.train(settings, xgboost.QuantileDMatrix(rows, labels, nthread=1), TREES)
    singles = [rows[i : i + 1] for i in range(size["single rows"])]
    figures = {
        XGBOOST_BATCH: _us(len(rows), lambda: booster.inplace_predict(rows, predict_type="margin")),
        XGBOOST_SINGLE: _us(
            len(singles), lambda: [booster.inplace_predict(row, predict_type="margin") for row in singles]
        ),
    }
    return Ran(figures)


STAGE: Final = Stage(
    "trees",
    f"{TREES} boosted trees of {LEAVES} leaves over {INPUTS} inputs, a third of them missing at times",
    make_inputs,
    {
        ENGINE: Side(
            run_engine,
            {
                SINGLE: Measured("us", target=Bound("<=", 4)),
                BATCH: Measured("us", target=Bound("<=", 4)),
                PARTS: Measured("us", BATCH, Bound("<=", 2)),
                SHAPLEY: Measured("us"),
            },
        ),
        LIGHTGBM: Side(
            run_lightgbm,
            {
                LIGHTGBM_SINGLE: Measured("us", SINGLE),
                LIGHTGBM_FAST: Measured("us", SINGLE),
                LIGHTGBM_BATCH: Measured("us", BATCH),
                LIGHTGBM_SHAPLEY: Measured("us", SHAPLEY),
            },
            ("lightgbm",),
            ENGINE,
        ),
        XGBOOST: Side(
            run_xgboost,
            {XGBOOST_SINGLE: Measured("us", SINGLE), XGBOOST_BATCH: Measured("us", BATCH)},
            ("xgboost-cpu",),
        ),
    },
    {
        "quick": {"rows": 10_000, "single rows": 1_000, "Shapley rows": 200},
        "normal": {"rows": 100_000, "single rows": 10_000, "Shapley rows": 1_000},
    },
    notes=("xgboost walks a model of its own, of as many trees and leaves; its answers are not compared",),
)
