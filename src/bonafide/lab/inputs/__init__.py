"""Input files of any accepted form, as one stream of chunks of records."""

from bonafide.lab.inputs.chunks import CHUNK_ROWS, FIELD_DTYPE, Chunk
from bonafide.lab.inputs.mapping import Mapping
from bonafide.lab.inputs.mapping_file import load_mapping
from bonafide.lab.inputs.read import read_chunks
from bonafide.lab.inputs.rejects import Refusal, RejectWriter

__all__ = ["CHUNK_ROWS", "FIELD_DTYPE", "Chunk", "Mapping", "Refusal", "RejectWriter", "load_mapping", "read_chunks"]
