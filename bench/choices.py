"What was chosen in the models, beside what was not, on groups held out of the sample's training list: `python bench/choices.py`"
from dataclasses import replace
from unittest.mock import patch
from fastcore.script import call_parse

def without_mean_map(dls, arch, hidden_size, **kwargs):
    "Like `convlstm_learner`, but the head sees the last state alone"
    from fastai.vision.learner import create_head
    from action_recog.learners.layers import as_clip
    from action_recog.learners.learner import encoder_learner
    from action_recog.learners.lstm import rnnmodel_splitter
    from action_recog.learners.convlstm import ConvLSTMModel

    class LastState(ConvLSTMModel):
        def __init__(self, encoder, nf, n_out, ps=.5):
            super().__init__(encoder, nf, n_out, hidden_size, ps=ps)
            self.head = create_head(hidden_size, n_out, lin_ftrs=[], ps=ps)
        def forward(self, x): return self.head(self.rnn(self.encoder(as_clip(x)))[0][:,-1])

    return encoder_learner(dls, LastState, arch, splitter=rnnmodel_splitter, **kwargs)

# Model, form, arguments of the factory in place of the recipe's, factory in place of the model's
forms = [('lstm', 'maps of 2x2 cells', {}, None), ('lstm', 'maps of one cell', dict(pool=1), None),
    ('convlstm', 'head sees last state and mean map', {}, None), ('convlstm', 'head sees last state alone', {}, without_mean_map),
    ('timesformer', 'token shift', {}, None), ('timesformer', 'no token shift', dict(shift_tokens=False), None)]

@call_parse
def main(
    path:str='data/sample', # Folder of the sample, written if it is not there
    seeds:int=2, # Trainings of each form
):
    "Train each form by the recipe of its model, without the test list"
    from action_recog.learners.recipes import get_recipe,learner_meta
    from action_recog.learners.training import train_learner
    from action_recog.videos.sample import write_sample
    videos = write_sample(path)/'UCF-101'
    print('\n| model | form | accuracy, each with its own seed |\n|---|---|---|', flush=True)
    for model,form,changes,factory in forms:
        recipe = get_recipe(model, 'sample')
        recipe = replace(recipe, model={**recipe.model, **changes})
        with patch.dict(learner_meta[model], learner=factory or learner_meta[model]['learner']):
            rows = [train_learner(videos, model, recipe, seed=i, tune=True)[1] for i in range(seeds)]
        accs = ', '.join(f'{100*o["clip_accuracy"]:.1f} %' for o in rows)
        print(f'| {model} | {form} | {accs} |', flush=True)
