# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Configuration of a student of `xlstm`: its sizes, and its ops as `xlstm export` read them off its IR."""

from transformers import PretrainedConfig


class XlstmHybridConfig(PretrainedConfig):
    """`graph` is the model. `before`, `after`, and `ops` of each of `layers` (the kinds of layer there are; `layer_kinds` says
    which of them each layer is) are lists of ops `[result, op, operands, attributes]`. An operand is a value, what an op before
    gave ("x": what enters; `enters` is what enters the first layer), or a parameter, whose name has dots, in a layer without
    `model.layers.N.`. `parameters` has their shapes."""

    model_type = "xlstm_hybrid"
    keys_to_ignore_at_inference = ["past_key_values"]

    def __init__(self, vocab_size=0, hidden_size=0, num_hidden_layers=0, num_attention_heads=0, num_key_value_heads=0, head_dim=0,
                 max_position_embeddings=0, graph=None, use_cache=True, tie_word_embeddings=False, **kwargs):
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.num_hidden_layers = num_hidden_layers
        self.num_attention_heads = num_attention_heads
        self.num_key_value_heads = num_key_value_heads
        self.head_dim = head_dim
        self.max_position_embeddings = max_position_embeddings
        self.graph = graph
        self.use_cache = use_cache
        # A tied head reads the embedding's own tensor in the graph: there is nothing left to tie.
        super().__init__(tie_word_embeddings=tie_word_embeddings, **kwargs)
