#!/bin/sh
# flags.sh prints the flags with which the window build is compiled on this system.
# Everything uses this one set: with another one Go compiles the OpenGL bindings
# again, which takes minutes.
#
# On Linux the window speaks X11, which every desktop offers and where input
# methods work, and draws with OpenGL ES, which compiles five times as fast.
case $(uname -s) in
Linux) echo -trimpath -buildvcs=false -tags x11,gles ;;
*) echo -trimpath -buildvcs=false ;;
esac
