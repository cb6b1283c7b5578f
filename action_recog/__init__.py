"""Video action recognition for people who like fastai: from an archive of videos to a trained, measured, usable recogniser

These notebooks can be read like a book, and they generate a package. `videos` puts videos and frames on disk, `clips` turns them into fastai `DataLoaders`, and `learners` trains models on them, each a fastai `Learner`: a frame-averaging baseline, ResNet + LSTM, ConvLSTM, TimeSformer and published backbones. `answers` says what happens in a video and when, and `forecast` predicts its next frames. [UCF101](https://www.crcv.ucf.edu/data/UCF101.php) is the reference data set; any folder with a sub-folder of videos for each class works too."""

__version__ = "0.1.0"

from warnings import filterwarnings as _ignore

# What others say while they are imported, and what is nothing to those who import them; `python -W default` shows it all the same
_ignore('ignore', '`torch.jit.script` is deprecated', FutureWarning, append=True) # fastai has two functions compiled by it
_ignore('ignore', '"is" with ', SyntaxWarning, '.*timesformer_pytorch', append=True) # Its way to compare with 0
