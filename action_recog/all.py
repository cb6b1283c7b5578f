"All of action_recog, and of fastai's vision part: `from action_recog.all import *`"
from fastai.vision.all import *
from .core import *
from .video import *
from .ucf101 import *
from .sample import *
from .data import *
from .layers import *
from .models.baseline import *
from .models.lstm import *
from .models.convlstm import *
from .models.timesformer import *
from .models.video import *
from .learner import *
from .evaluate import *
from .predict import *
