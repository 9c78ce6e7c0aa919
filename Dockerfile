# The kit in a container, with JupyterLab on port 8888:
#   docker build --tag lmnet . && docker run --rm --publish 8888:8888 lmnet          # add --gpus all for an NVIDIA GPU
# The lock's torch brings CUDA, 4 GB of it. Without: --build-arg TORCH_INDEX=… with the address of PyTorch's CPU wheels.
ARG PYTHON=3.12
FROM python:${PYTHON}-slim-bookworm
ARG TORCH_INDEX=""
SHELL ["/bin/bash", "-o", "pipefail", "-c"]

# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends chromium fonts-liberation git make \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home lmnet \
 && install --directory --owner lmnet /opt/lmnet
# hadolint ignore=DL3066
USER lmnet
WORKDIR /home/lmnet/kit

# What `make install` does, in two layers, so that a change of the code does not install everything again; outside of the
# checkout, so that one of yours may be mounted over this one. The wheels of another index have other hashes.
ENV VENV=/opt/lmnet MAKEFLAGS=VENV=/opt/lmnet PATH=/opt/lmnet/bin:$PATH
COPY --chown=lmnet requirements.lock ./
RUN python -m venv "$VENV" \
 && if [ -z "$TORCH_INDEX" ]; then \
      pip install --no-cache-dir --require-hashes -r requirements.lock; \
    else \
      grep -oE '^(torch|torchvision)==[^ ;\\]+' requirements.lock \
        | xargs pip install --no-cache-dir --index-url "$TORCH_INDEX" \
   && awk '/^[a-z]/ { other = !/^(torch|torchvision|triton|nvidia-[a-z0-9-]+|cuda-[a-z0-9-]+)==/ } other' requirements.lock > /tmp/other.lock \
   && pip install --no-cache-dir --no-deps --require-hashes -r /tmp/other.lock; \
    fi
COPY --chown=lmnet . .
RUN pip install --no-cache-dir --no-deps --no-build-isolation -e . \
 && touch "$VENV/.lmnet-installed" \
 && lmnet doctor

EXPOSE 8888
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--no-browser", "notebooks"]
