# The official image with jwt_auth in it. The build is scripts/install.sh, which the tests run.
#   docker build --build-arg PG_MAJOR=17 -t jwt_auth .
ARG PG_MAJOR=17

FROM postgres:${PG_MAJOR} AS build
COPY . /usr/src/jwt_auth
RUN bash /usr/src/jwt_auth/scripts/install.sh --destdir /usr/src/installed

FROM postgres:${PG_MAJOR}
COPY --from=build /usr/src/installed/usr /usr
CMD ["postgres", "-c", "shared_preload_libraries=jwt_auth"]
