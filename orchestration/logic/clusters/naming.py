"""Names of clusters in both languages, from the features by which each stands out against the whole. No database."""

from collections import Counter

import numpy as np

from orchestration.settings.criteria import Clusters, Text


def names(centroids: np.ndarray, points: np.ndarray, settings: Clusters) -> list[tuple[Text, tuple[str, ...]]]:
    """The name of each centroid and the features it comes from, the strongest first.

    A feature stands out when the centroid lies `stands_out` standard deviations of the customers or more from their
    mean. Clusters that would share a name take more words until they differ; the last resort is a count.
    """
    spread = points.std(axis=0)
    deviations = np.round((centroids - points.mean(axis=0)) / np.where(spread > 0, spread, 1), 6)
    features = list(settings.features)
    words = settings.words
    chosen: list[list[int]] = []
    for row in deviations:
        ranked = sorted(range(len(features)), key=lambda i: (-abs(row[i]), i))
        chosen.append([i for i in ranked if abs(row[i]) >= words.stands_out][: words.at_most])
    for _ in features:
        texts = [_name(row, places, settings) for row, places in zip(deviations, chosen, strict=True)]
        shared = {zh for zh, count in Counter(text.zh for text in texts).items() if count > 1}
        chosen = [
            _one_more(row, places) if text.zh in shared else places
            for row, places, text in zip(deviations, chosen, texts, strict=True)
        ]
    texts = _told_apart([_name(row, places, settings) for row, places in zip(deviations, chosen, strict=True)])
    return [(text, tuple(features[i] for i in places)) for text, places in zip(texts, chosen, strict=True)]


def _one_more(row: np.ndarray, places: list[int]) -> list[int]:
    left = [i for i in range(len(row)) if i not in places and row[i]]
    return [*places, min(left, key=lambda i: (-abs(row[i]), i))] if left else places


def _name(row: np.ndarray, places: list[int], settings: Clusters) -> Text:
    features = list(settings.features.values())
    chosen = [features[i].high if row[i] > 0 else features[i].low for i in places] or [settings.words.ordinary]
    return Text(zh="".join(word.zh for word in chosen), en=", ".join(word.en for word in chosen))


def _told_apart(texts: list[Text]) -> list[Text]:
    seen: Counter[str] = Counter()
    apart = []
    for text in texts:
        seen[text.zh] += 1
        number = seen[text.zh]
        apart.append(text if number == 1 else Text(zh=f"{text.zh}({number})", en=f"{text.en} ({number})"))
    return apart
