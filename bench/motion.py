"""What frames, their differences and both say of real clips, and whether it is the frame rate that is recognised

    python bench/motion.py

Logistic regression on the mean and the deviation over time of the stored features of the default recipe, on the
official splits: for all classes, and among the classes of one frame rate, which cannot be told apart by it. Figures
go to bench/results/motion.json. Needs real clips and the weights of an EfficientNet-Lite0 beside them."""
from collections import Counter
import numpy as np
from fastcore.script import call_parse
from common import need,need_data,print_table,save_json
from few import all_seen,default_run,regression
from action_recog.videos.opening import probe

streams = dict(frames=slice(0,None,2), differences=slice(1,None,2), both=slice(None))

def frame_rates(run):
    "The frame rate of each class, by its number"
    number = run.learn.dls.vocab.o2i
    return {number[o.parent.name]:round(probe(o).fps, 2) for o in run.learn.dls.train_ds.items}

def lots_of(rates):
    "All classes, and the classes of each frame rate that has several"
    lots = {'all':set(rates)}
    for rate,n in Counter(rates.values()).items():
        if n>1: lots[f'{rate:g} frames a second'] = {k for k,v in rates.items() if v==rate}
    return lots

def accuracy(parts, classes, stream):
    "Of logistic regression among some classes, on one stream"
    (x,y),(xt,yt) = [(x[np.isin(y, list(classes))],y[np.isin(y, list(classes))]) for x,y in parts]
    # Frames' channels come first, then those of the differences
    x,xt = [o.reshape(len(o), 4, -1)[:,streams[stream]] for o in (x,xt)]
    return float((regression(x, y, xt)==yt).mean())

@call_parse
def main(
    path:str=None, # Folder with UCF101/, ucfTrainTestlist/ and weights/, $ACTION_RECOG_DATA if not given
    out:str='runs/seven', # Its features/ are used again, and made if they are not there
    folds:str='1,2,3', # Official splits
    save:str='bench/results/motion.json', # File for the figures
):
    "Measure each stream, for all classes and for those of one frame rate"
    need('sklearn')
    data,done = need_data(path),[]
    runs = [default_run(data, out, 'baseline', fold=int(f), lists=data/'ucfTrainTestlist') for f in folds.split(',')]
    parts = [all_seen(o) for o in runs]
    def rows():
        for name,classes in lots_of(frame_rates(runs[0])).items():
            accs = {k:[accuracy(o, classes, k) for o in parts] for k in streams}
            done.append(dict(classes=name, n_classes=len(classes), **accs))
            save_json(save, done)
            yield [name, len(classes), *(f'{100*np.mean(o):.1f} %' for o in accs.values())]
    print_table(['classes of', 'number', *streams], rows())
