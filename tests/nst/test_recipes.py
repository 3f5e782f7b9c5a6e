from collections import Counter
from dataclasses import dataclass, replace

import pytest
import torch
import torch.nn.functional as F

from nst import Settings, load_vgg
from nst.image import fitted_size, luma, match_colors, open_picture, to_pixels
from nst.losses import total_variation
from nst.matching import candidates, emptiness, lent, repeated
from nst.plan import scales
from nst.recipes import ANSWERS, GATYS_2016, RECIPES
from nst.settings import KNOBS, shares
from nst.solvers.pyramid import laplacian_pyramid, resize
from nst.targets import weights_at
from nst.transfer import stylize
from nst.view import layers
from nst.weights import published_layers
from tests.benchmarks.quality import EXAMPLES
from tests.painting import noise
from tests.tiny import CPU, tiny_vgg


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_recipe_names_only_knobs_that_exist_with_values_they_allow(recipe):
    for name, value in recipe.knobs.items():
        assert KNOBS[name].check(value) == value


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES)
def test_a_recipe_lists_only_what_differs_from_the_defaults_and_says_its_source(recipe):
    assert all(value != KNOBS[name].default for name, value in recipe.knobs.items())
    assert recipe.title and recipe.summary and recipe.source


def test_the_tutorial_is_the_algorithm_of_the_lessons():
    knobs = RECIPES["tutorial"].knobs
    assert (knobs["style_loss"], knobs["content_loss"], knobs["steps"]) == ("gram_sum", "mean_square", 6000)
    assert knobs["start_size"] >= KNOBS["size"].high, "one scale only"


PAPERS = {
    "gatys2016": {"pooling": "average", "optimizer": "lbfgs", "init": "gray", "style_loss": "gram_mean"},
    "johnson2015": {"content_weight": 5, "style_weight": 500, "steps": 1000, "optimizer": "lbfgs", "init": "gray"},
    "crowson2021": {
        "content_weight": 0.015,
        "optimizer": "adam_short",
        "learning_rate": 0.02,
        "averaging": 0.99,
        "padding": "replicate",
    },
    "gatys2017-colour": {"color": "match", "pooling": "average", "style_loss": "gram_mean"},
    "strotss2019": {"samples": 1024, "optimizer": "rmsprop", "learning_rate": 0.002, "init": "detail", "pyramid": 5},
    "nnst2022": {
        "match_loss": "cosine",
        "match_photo": 0.75,
        "match_rounds": 1,
        "style_turns": "yes",
        "style_loss": "nearest",
        "init": "small",
        "optimizer": "adam",
        "pyramid": 8,
    },
}


@pytest.mark.parametrize("name", PAPERS)
def test_a_recipe_has_the_figures_of_its_source(name):
    settings = Settings(recipe=name)
    assert {knob: getattr(settings, knob) for knob in PAPERS[name]} == PAPERS[name]


def test_strotss_halves_the_photo_at_each_size_and_the_palette_is_its_reciprocal():
    """16, 8, 4, 2 at 64 to 512 pixels; and 1 / alpha for the palette."""
    settings = Settings(recipe="strotss2019")
    plan = scales(512, 384, settings)
    assert [scale.size[0] for scale in plan] == [64, 128, 256, 512]
    assert [scale.steps for scale in plan] == [109, 87, 69, 55]
    weights = [weights_at(settings, scale.fade) for scale in plan]
    assert [weight["content"] for weight in weights] == pytest.approx([16, 8, 4, 2])
    assert [weight["palette"] for weight in weights] == pytest.approx([1 / 16, 1 / 8, 1 / 4, 1 / 2])


@pytest.mark.slow
def test_gatys_weighs_layers_as_if_filters_answered_with_1_on_average():
    """Mean answers to the example photos, with average pooling: the fourth power is the size of a Gram error."""
    network = load_vgg()
    seen = []
    for photo in sorted((EXAMPLES / "content").glob("*.jpg")):
        picture = open_picture(photo)
        pixels = to_pixels(picture, fitted_size(*picture.size, 256))
        with torch.no_grad():
            maps = network.features(pixels, list(ANSWERS), pooling="average", padding="zeros")
        seen.append([maps[layer].mean().item() for layer in ANSWERS])
    assert torch.tensor(seen).mean(0).tolist() == pytest.approx(list(ANSWERS.values()), rel=0.1)
    weights = shares(str(GATYS_2016["style_layers"]))
    errors = [weight * ANSWERS[layer] ** 4 for layer, weight in weights.items()]
    assert errors == pytest.approx([errors[0]] * 5, rel=0.01)


@pytest.mark.parametrize("recipe", ["strotss2019", "nnst2022"])
def test_hypercolumns_have_layers_of_a_vgg16_too(recipe):
    """What the recipes say: choose backbone=vgg16-tv for the paper's network."""
    vgg16 = tiny_vgg(blocks=tuple(Counter(name[4] for name in published_layers("vgg16")).values()))
    vgg16.check_layers(layers(Settings(recipe=recipe)))


def test_johnsons_smoothness_has_the_slope_of_its_program_at_512_by_384():
    """strength (x[i] - x[i+1]) for each neighbour, on pixels in 0..255: that of half the squares."""
    pixels = torch.rand(1, 3, 384, 512, requires_grad=True)
    ours = Settings(recipe="johnson2015").tv_weight * total_variation(pixels)
    half = sum(step.square().sum() for step in ((255 * pixels).diff(dim=2), (255 * pixels).diff(dim=3))) / 2
    (slope,), (theirs,) = (torch.autograd.grad(loss, pixels) for loss in (ours, 1e-3 * half))
    assert (slope - theirs).norm() < 0.01 * theirs.norm()


NETWORK = tiny_vgg(blocks=(2, 2, 4, 4, 3))


@dataclass(frozen=True)
class Looks:
    """A square picture, photo and painting, and what a recipe's network sees in them."""

    recipe: str

    @property
    def side(self):
        """96 pixels where like finds like in the deepest layer, which needs some positions to choose from."""
        return 96 if self.recipe == "painting" else 32

    def pictures(self):
        """Photo, painting, picture."""
        return (noise(self.side, self.side, seed) for seed in (1, 2, 3))

    def pixels(self):
        photo, painting, picture = (to_pixels(one, one.size) for one in self.pictures())
        if self.recipe == "gatys2017-colour":
            painting = match_colors(painting, photo)
        return picture, photo, painting

    def at(self, layer):
        """F, P and S: (channels, positions) in float64."""
        settings = Settings(recipe=self.recipe)
        how = {"pooling": settings.pooling, "padding": settings.padding}
        return [NETWORK.features(one, [layer], **how)[layer][0].flatten(1).double() for one in self.pixels()]

    def columns(self, names):
        """Points (positions, channels) of all layers, each brought to full size."""
        names, how = names.split("+"), {"padding": "zeros"}
        seen = [NETWORK.features(one, names, **how) for one in self.pixels()]
        full = [[F.interpolate(maps[name], (32, 32), mode="bilinear") for name in names] for maps in seen]
        return [torch.cat(one, 1)[0].flatten(1).t().double() for one in full]


FIVE = "relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1"


def mean_square(a, b):
    return ((a - b) ** 2).mean()


def relative(a, b):
    return ((a - b) ** 2).sum() / (b**2).sum()


def neighbours(pixels):
    return (pixels.diff(dim=2) ** 2).mean() + (pixels.diff(dim=3) ** 2).mean()


def cropped(pixels):
    """Without the outer 3 %: three pixels of 96."""
    return pixels[..., 3:-3, 3:-3]


def nearest(x, s):
    """For each of x the like of it in s, less the hubs: 2 cos - mean of the ten best."""
    table = unit(x - x.mean(0)) @ unit(s - s.mean(0)).T
    return (2 * table - table.topk(10, dim=0).values.mean(0)).argmax(1)


def unit(x):
    return x / x.norm(dim=1, keepdim=True)


def painting(looks):
    """Statistics of three layers, matches of two with less weight where the photo is empty, motifs of two there."""
    picture, photo, theirs = looks.pixels()
    seen = [NETWORK.features(one, [*FIVE, "relu4_2"]) for one in (picture, photo, cropped(theirs))]
    x, p, s = ({layer: maps[0].flatten(1).double() for layer, maps in one.items()} for one in seen)
    total = 0.2 * relative(x["relu4_2"], p["relu4_2"])
    total += sum(
        part / 7.5 * apart(moments_of(x[n]), moments_of(s[n])) for n, part in zip(FIVE, (2, 2, 1), strict=False)
    )
    empty = emptiness(luma(photo))
    for layer, step in (("relu3_1", 4), ("relu4_1", 8)):
        here = emptiness_at(empty, step)
        matches, bound = nearest(x[layer].T, s[layer].T), 1 - 0.8 * here
        errors = (x[layer] - s[layer][:, matches]).square().sum(0)
        total += 0.5 / 2 * (bound * errors).sum() / bound.sum() / s[layer].square().sum(0).mean()
    telling = offered(s["relu4_1"], 8)
    for layer, step, part in (("relu4_1", 8, 2), ("relu5_1", 16, 0.5)):
        one = telling if layer == "relu4_1" else offered(s[layer], step)
        weights = (lent(one, telling, matches, here) * repeated(one, telling)).double()
        at, theirs = emptiness_at(empty, step), moments_of(s[layer], weights)
        total += part / 7.5 * apart(moments_of(x[layer], at), theirs)
    return total


def emptiness_at(empty, step):
    return F.interpolate(empty, (96 // step, 96 // step), mode="bilinear").flatten().double()


def offered(features, step):
    """Candidates at all positions of the 90 pixels of the painting that are looked at."""
    middles = 0.03 + 0.94 * (torch.arange(90 // step) + 0.5) * step / 90
    return candidates(features.T, torch.cartesian_prod(middles, middles))


def moments_of(f, weights=None):
    if weights is None:
        return f.mean(1), f.cov(correction=0)
    return (f * weights).sum(1) / weights.sum(), f.cov(correction=0, aweights=weights)


def apart(a, b):
    return (relative(a[0], b[0]) + relative(a[1], b[1])) / 2


def tutorial(looks):
    """1 content + 0.01 style, of a network whose pixels are 255 times as large."""
    f, p, _ = looks.at("relu4_2")
    grams = [(f @ f.T, s @ s.T) for f, _, s in map(looks.at, FIVE)]
    return mean_square(f, p) + 0.01 / 255**2 * sum(mean_square(g, a) for g, a in grams) / 5


def gatys2016(looks):
    """Eq. 4 and 5 of the paper, each layer by the fourth power of what its filters answer; content as a mean."""
    answers, style, total = (22, 148, 164, 730, 60), 0, 0
    for layer, answer in zip(FIVE, answers, strict=True):
        f, _, s = looks.at(layer)
        n, m = f.shape
        style += answer**-4 * ((f @ f.T - s @ s.T) ** 2).sum() / (4 * n**2 * m**2)
        total += answer**-4
    f, p, _ = looks.at("relu4_2")
    return 0.1 * mean_square(f, p) + style / total


def johnson2015(looks):
    f, p, _ = looks.at("relu4_2")
    style = sum(mean_square(f @ f.T / f.numel(), s @ s.T / s.numel()) for f, _, s in map(looks.at, FIVE))
    smooth = 1e-3 / 2 * 255**2 * 3 * 512 * 384 * neighbours(looks.pixels()[0])
    return 5 * mean_square(f, p) + 100 * style + smooth


def crowson2021(looks):
    """The trace of the root of a product of covariances, by its eigenvalues."""
    style = 0
    for layer, weight in zip(FIVE, (256, 64, 16, 4, 1), strict=True):
        f, _, s = looks.at(layer)
        ours, theirs = f.cov(correction=0), s.cov(correction=0)
        shared = torch.linalg.eigvals(ours @ theirs).real.clamp(min=0).sqrt().sum()
        shift = ((f.mean(1) - s.mean(1)) ** 2).sum()
        style += weight / 341 * (shift + ours.trace() + theirs.trace() - 2 * shared) / len(f)
    f, p, _ = looks.at("relu4_2")
    return 0.015 * mean_square(f, p) + style + 2 * (255 * 0.226) ** 2 * neighbours(looks.pixels()[0])


def cosines(a, b):
    return 1 - (a / a.norm(dim=1, keepdim=True)) @ (b / b.norm(dim=1, keepdim=True)).T


def farther(cost):
    return max(cost.min(0).values.mean(), cost.min(1).values.mean())


def strotss2019(looks):
    """alpha l_C + l_m + l_r + 1 / alpha l_p, where alpha is 2 at the last size."""
    x, c, s = looks.columns("relu1_1+relu1_2+relu2_1+relu2_2+relu3_1+relu3_2+relu3_3+relu4_3+relu5_3")
    ours, photos = (cosines(one, one) / cosines(one, one).sum(0) for one in (x, c))
    content = len(x) * (ours - photos).abs().mean()
    pairs = (x.mean(0), s.mean(0)), (x.T.cov(correction=0), s.T.cov(correction=0))
    moments = sum((a - b).abs().sum() / b.abs().sum() for a, b in pairs)
    colours = [one[0].flatten(1).t().double() for one in looks.pixels()]
    palette = farther((colours[0][:, None] - colours[2]).norm(dim=2))
    return 2 * content + moments + farther(cosines(x, s)) + palette / 2


ALL = ["relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_2", "relu3_3", "relu4_1", "relu4_2", "relu4_3"]


def quartered(pixels):
    """Points of all layers, each divided by its channels, at the middles of 4 x 4 pixels."""
    maps = NETWORK.features(pixels, ALL)
    resized = [F.interpolate(one, (8, 8), mode="bilinear") / one.shape[1] for one in maps.values()]
    return torch.cat(resized, 1)[0].flatten(1).t().double()


def all_ways(pixels):
    return [pixels.rot90(quarters, (2, 3)) for quarters in range(4)]


def nnst2022(looks):
    """Each spot of a blend of photo and picture has its nearest in the painting, and the picture is to be like that."""
    picture, photo, theirs = looks.pixels()
    seen = quartered(0.25 * (picture + laplacian_pyramid(photo, 2)[0]) + 0.75 * photo)
    s = torch.cat([quartered(one) for one in all_ways(theirs)])
    matches = cosines(seen - seen.mean(0), s - s.mean(0)).argmin(1)
    return cosines(quartered(picture), s[matches]).diagonal().mean()


PUBLISHED = {
    "painting": painting,
    "tutorial": tutorial,
    "gatys2016": gatys2016,
    "johnson2015": johnson2015,
    "crowson2021": crowson2021,
    "gatys2017-colour": gatys2016,
    "strotss2019": strotss2019,
    "nnst2022": nnst2022,
}


@pytest.mark.parametrize("recipe", RECIPES)
def test_what_a_recipe_minimises_is_its_published_formula(recipe):
    """All terms with all weights, written out once more; 1024 positions, so that none is left out by chance."""
    looks = Looks(recipe)
    photo, painting, picture = looks.pictures()
    settings = Settings(recipe=recipe, size=looks.side, steps=1)
    (frame,) = stylize(photo, painting, settings, NETWORK, CPU, start=picture)
    total = sum(weights_at(settings, 1)[name] * loss for name, loss in frame.losses.items())
    assert total == pytest.approx(PUBLISHED[recipe](looks).item(), rel=1e-3)


def test_the_last_pass_of_nnst_seeks_the_nearest_of_each_layer_alone():
    looks = Looks("nnst2022")
    photo, painting, picture = looks.pictures()
    settings = Settings(recipe="nnst2022", size=32, steps=2, last_pass=0.5, learning_rate=1e-9)
    _, last = stylize(photo, painting, settings, NETWORK, CPU, start=picture)
    ours, _, theirs = looks.pixels()
    expected = 0.0
    for layer in ALL:
        x, *ways = (
            NETWORK.features(one, [layer])[layer][0].flatten(1).t().double() for one in (ours, *all_ways(theirs))
        )
        s = torch.cat(ways)
        expected += cosines(x - x.mean(0), s - s.mean(0)).min(1).values.mean().item() / len(ALL)
    assert last.losses["style"] == pytest.approx(expected, rel=1e-3) and "match" not in last.losses


def test_nnst_starts_from_the_small_photo_which_lends_nothing_later():
    """Its first steps have matches alone; the last pass is at the last size."""
    settings = Settings(recipe="nnst2022", size=512)
    plan = scales(512, 384, settings)
    assert [(scale.size[0], scale.part) for scale in plan] == [
        *((side, "matches") for side in (64, 128, 256, 512)),
        (512, "style"),
    ]
    assert sum(scale.steps for scale in plan) == settings.steps
    still = Settings(
        recipe="nnst2022", size=64, start_size=32, steps=2, last_pass=0, learning_rate=1e-9, color="painting"
    )
    photo = noise(64, 64, 1)
    _, last = stylize(photo, noise(64, 64, 2), still, NETWORK, CPU)
    enlarged = resize(to_pixels(photo, (32, 32)), 64, 64).clamp(0, 1)[0].permute(1, 2, 0)
    torch.testing.assert_close(torch.tensor(last.pixels), enlarged, atol=1e-4, rtol=0)


LOUD = replace(NETWORK, std=torch.full((1, 3, 1, 1), 1 / 255))  # its pixels are in 0..255, as the original's are


def painted(recipe, seed=3):
    """All frames of a short run."""
    steps = 16 if recipe in ("painting", "gatys2016", "johnson2015", "gatys2017-colour") else 24
    knobs = {"size": 48, "steps": steps, "start_size": 8192, "seed": seed}
    quick = {"learning_rate": 0.02} if Settings(recipe=recipe).optimizer != "lbfgs" else {}
    return list(stylize(noise(48, 36, 1), noise(48, 48, 2), Settings(recipe=recipe, **knobs, **quick), LOUD, CPU))


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_lowers_its_own_loss_and_paints_the_same_pixels_again(recipe):
    settings, frames = Settings(recipe=recipe), painted(recipe)

    def total(frame):
        return sum(weights_at(settings, 1)[name] * loss for name, loss in frame.losses.items())

    assert total(frames[-1]) < 0.9 * total(frames[0])
    assert painted(recipe)[-1].image.tobytes() == frames[-1].image.tobytes()
