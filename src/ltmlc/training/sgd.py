"""torch's SGD without its hooks for ``torch.compile``, which import the compiler on their first use.

That import (torch._dynamo, sympy and a thousand modules more) takes longer than a short run trains, and nothing here is
compiled. The methods themselves are torch's, unwrapped; a version of torch that does not wrap them is served as well.
"""

from inspect import unwrap

import torch
from torch.optim import Optimizer


class SGD(torch.optim.SGD):
    """``torch.optim.SGD``; to be used where nothing is compiled."""

    add_param_group = unwrap(Optimizer.add_param_group)
    zero_grad = unwrap(Optimizer.zero_grad)
    state_dict = unwrap(Optimizer.state_dict)
    load_state_dict = unwrap(Optimizer.load_state_dict)
    step = torch.no_grad()(unwrap(torch.optim.SGD.step))
    step.hooked = True  # else the first instance wraps it again, for a profiler that nobody has started
