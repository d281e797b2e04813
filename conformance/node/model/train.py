"""Trains a small classifier on made data: `train.py <folder> <probe file> <seed>`.

The folder gets the model. The probe file, which is no part of it, gets rows of data and what the model says of them.
"""

import json
import sys
from pathlib import Path

import joblib
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier

folder, probe, seed = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
rows, classes = make_classification(n_samples=3000, n_features=20, n_informative=12, n_classes=4, random_state=seed)
classifier = RandomForestClassifier(n_estimators=60, random_state=seed).fit(rows, classes)

folder.mkdir(parents=True)
joblib.dump(classifier, folder / "classifier.joblib")
(folder / "config.json").write_text(json.dumps({"classes": 4, "features": 20, "seed": seed}) + "\n")
asked, _ = make_classification(n_samples=100, n_features=20, n_informative=12, n_classes=4, random_state=seed + 1)
probe.write_text(json.dumps({"rows": asked.tolist(), "predictions": classifier.predict(asked).tolist()}))
