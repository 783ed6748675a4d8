"""What was measured: one line per figure, written at once, so that a run that is stopped keeps what it has."""

import collections

COLUMNS = ("stage", "setting", "operation", "round", "metric", "value")


class Record:
    def __init__(self, path):
        self.file = open(path, "w", encoding="ascii")
        print(*COLUMNS, sep="\t", file=self.file, flush=True)
        self.figures = collections.defaultdict(dict)

    def add(self, stage, setting, operation, turn, **metrics):
        setting = str(setting)
        for metric, value in metrics.items():
            print(stage, setting, operation, turn, metric, f"{value:.6g}", sep="\t", file=self.file, flush=True)
            self.figures[stage, setting, operation, metric][turn] = float(value)

    def take(self, other):
        """The figures of another run, of stages that this one leaves out."""
        for (stage, setting, operation, metric), rounds in other.figures.items():
            for turn, value in rounds.items():
                self.add(stage, setting, operation, turn, **{metric: value})

    def rounds(self, stage, setting, operation, metric):
        """Value by round; empty if it was not measured."""
        return self.figures.get((stage, setting, operation, metric), {})


def read(path):
    record = Record.__new__(Record)
    record.figures = collections.defaultdict(dict)
    with open(path, encoding="ascii") as file:
        next(file)
        for line in file:
            stage, setting, operation, turn, metric, value = line.rstrip("\n").split("\t")
            record.figures[stage, setting, operation, metric][int(turn)] = float(value)
    return record
