# docker build -t xlstm . && docker run --rm -v "$PWD:/work" xlstm distill recipe.yaml -o RUN
# The steps of a fresh machine (tools/setup.sh, tools/build.sh), installed.
FROM debian:12
WORKDIR /opt/xlstm
COPY . .
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates python3 python3-pip && \
    sh tools/setup.sh && sh tools/build.sh release xlstm xlstm-opt xlstm-lsp-server && cmake --install build/release --prefix /usr/local && \
    rm -rf build /var/lib/apt/lists/*
WORKDIR /work
ENTRYPOINT ["xlstm"]
