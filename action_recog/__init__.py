"""Video action recognition for people who like fastai: from an archive of videos to a trained, measured, usable recogniser

Notebooks you can read like a book, and the package that they make. [UCF101](https://www.crcv.ucf.edu/data/UCF101.php) is the reference data set; any folder of videos, one sub-folder a class, works the same way. Four learners come with it: a frame-averaging baseline, ResNet + LSTM, ConvLSTM and TimeSformer, each a fastai `Learner` with everything you know from there; `video_learner` for backbones that have seen Kinetics; and `forecast_learner`, which lets the same ConvLSTM predict the next frames."""

__version__ = "0.1.0"

from warnings import filterwarnings as _ignore

# What others say while they are imported, and what is nothing to those who import them; `python -W default` shows it all the same
_ignore('ignore', '`torch.jit.script` is deprecated', FutureWarning, append=True) # fastai has two functions compiled by it
_ignore('ignore', '"is" with ', SyntaxWarning, '.*timesformer_pytorch', append=True) # Its way to compare with 0
