# SPDX-License-Identifier: BSD-2-Clause
"""Which network a checkpoint is of: told by its names, or by a person where the names leave it open."""

from enum import Enum
from functools import partial

from hadam_hw.checkpoint import read_checkpoint
from hadam_hw.integer_rnn import QRNN, QSSM, is_qornn, is_torch_rnn, qornn, torch_rnn
from hadam_hw.reference import hadam_rnn, is_hadam_rnn


class Network(Enum):
    """The networks that can be imported, by the words of the command line."""

    HADAM_RNN = "hadamrnn"
    TORCH_RNN = "rnn-relu"
    QSSM = "qssm"
    QRNN = "qrnn"


_READERS = {Network.TORCH_RNN: torch_rnn, Network.QSSM: partial(qornn, kind=QSSM), Network.QRNN: partial(qornn, kind=QRNN)}


def load_network(path, network=None, *, block=None, bits=None, recurrent_bits=None, zero_sign=None):
    """The :class:`~hadam_hw.float_network.FloatNetwork` in the file ``path``.

    Parameters
    ----------
    path : Path
    network : Network, optional
        Needed where the names say too little: a torch.nn.RNN may have tanh, and QSSM and QRNN have the same names.
    block, bits, zero_sign
        As of :func:`hadam_hw.reference.hadam_rnn`; ``block`` and ``zero_sign`` are of no other network.
    recurrent_bits : int, optional
        As of :func:`hadam_hw.integer_rnn.torch_rnn`.

    Raises
    ------
    ModelFileError
        With one sentence, for anything that is not such a network.
    ToolMissingError
        If PyTorch, or safetensors, is not installed.
    """
    checkpoint = read_checkpoint(path)
    network = network or _told(checkpoint)
    if network is Network.HADAM_RNN:
        if recurrent_bits is not None:
            raise checkpoint.error("is of a HadamRNN, whose recurrence has no --recurrent-bits; leave it out")
        return hadam_rnn(checkpoint, block=block, bits=bits, zero_sign=zero_sign)
    if block is not None or zero_sign is not None:
        raise checkpoint.error(f"is of a network ({network.value}) that has no --block and no --zero-sign; leave them out")
    return _READERS[network](checkpoint, bits=bits, recurrent_bits=recurrent_bits)


def _told(checkpoint):
    if is_hadam_rnn(checkpoint):
        return Network.HADAM_RNN
    if is_torch_rnn(checkpoint):
        raise checkpoint.error("is of a torch.nn.RNN, whose file does not say if it has ReLU or tanh; say --network rnn-relu "
                               "if it was made with nonlinearity='relu': one with tanh cannot be imported")
    if is_qornn(checkpoint):
        raise checkpoint.error("may be of a QSSM or a QRNN, whose files are the same; say --network qssm if its recurrence is "
                               "linear, --network qrnn if the ReLU is in it")
    raise checkpoint.error(f"must be of a HadamRNN, a torch.nn.RNN, a QSSM or a QRNN, and its first name is "
                           f"{min(checkpoint.arrays)}")
