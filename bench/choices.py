"""What was chosen in the models, beside what was not

    python bench/choices.py [--seeds 2]

Each form is trained on the sample by the recipe `sample` of its model, and scored on groups that are held out of
the training list, so the test list has no say. Nothing but the package is needed."""
from dataclasses import replace
from unittest.mock import patch
from fastai.vision.learner import create_head
from fastcore.script import call_parse
from common import print_table
from action_recog.learners.convlstm import ConvLSTMModel
from action_recog.learners.layers import as_clip
from action_recog.learners.learner import encoder_learner
from action_recog.learners.lstm import rnnmodel_splitter
from action_recog.learners.recipes import get_recipe,learner_meta
from action_recog.learners.training import train_learner
from action_recog.videos.sample import write_sample

def without_mean_map(dls, arch, hidden_size, **kwargs):
    "Like `convlstm_learner`, but the head sees the last state alone"
    class LastState(ConvLSTMModel):
        def __init__(self, encoder, nf, n_out, ps=.5):
            super().__init__(encoder, nf, n_out, hidden_size, ps=ps)
            self.head = create_head(hidden_size, n_out, lin_ftrs=[], ps=ps)

        def forward(self, x):
            states,_ = self.rnn(self.encoder(as_clip(x)))
            return self.head(states[:,-1])

    return encoder_learner(dls, LastState, arch, splitter=rnnmodel_splitter, **kwargs)

# Model, form, arguments of the factory in place of the recipe's, factory in place of the model's
forms = [('lstm', 'maps of 2x2 cells', {}, None),
    ('lstm', 'maps of one cell', dict(pool=1), None),
    ('convlstm', 'head sees last state and mean map', {}, None),
    ('convlstm', 'head sees last state alone', {}, without_mean_map),
    ('timesformer', 'token shift', {}, None),
    ('timesformer', 'no token shift', dict(shift_tokens=False), None)]

def accuracies(videos, model, recipe, factory, seeds):
    "Clip accuracy in percent of each seed, the learner made by `factory`"
    with patch.dict(learner_meta[model], learner=factory):
        rows = [train_learner(videos, model, recipe, seed=i, num_workers=0, tune=True)[1] for i in range(seeds)]
    return ', '.join(f'{100*o["clip_accuracy"]:.1f} %' for o in rows)

def measure(videos, epochs, seeds):
    "A row a form"
    for model,form,changes,factory in forms:
        recipe = get_recipe(model, 'sample', epochs=epochs)
        recipe = replace(recipe, model={**recipe.model, **changes})
        yield [model, form, accuracies(videos, model, recipe, factory or learner_meta[model]['learner'], seeds)]

@call_parse
def main(
    path:str='data/sample', # Folder of the sample, written if it is not there
    groups:int=25, # Groups of each class in the sample
    epochs:int=None, # Passes over the training set, the recipe's if not given
    seeds:int=2, # Trainings of each form
):
    "Train each form, without the test list"
    videos = write_sample(path, n_groups=groups)/'UCF-101'
    print_table(['model', 'form', 'accuracy, each with its own seed'], measure(videos, epochs, seeds))
