// SPDX-License-Identifier: Apache-2.0
package io.headrace.tools.command;

import io.headrace.HeadraceException;
import io.headrace.tools.demo.DemoApplication;
import io.headrace.worker.Application;
import io.headrace.worker.Worker;
import io.headrace.worker.WorkerContext;
import java.io.File;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code headrace worker}: runs an application. */
@Command(name = "worker", description = "Runs an application's handlers.")
public final class WorkerCommand implements Callable<Integer> {

    private static final String DEMO = "demo";

    @Mixin private CommonOptions common;
    @Mixin private MemberOptions member;

    @Option(
            names = "--app",
            paramLabel = "CLASS",
            required = true,
            description =
                    "A class that implements io.headrace.worker.Application; 'demo' for the demo's.")
    private String app;

    @Option(
            names = "--classpath",
            paramLabel = "PATH",
            description = "Jars and folders that the application is in, separated as for java.")
    private String classpath;

    @Option(
            names = "--consumers",
            paramLabel = "N",
            description = "Consumers, a pinned thread each (-Dheadrace.consumers). Default: 1")
    private Optional<Integer> consumers;

    @Option(
            names = "--cpus",
            paramLabel = "LIST",
            description = "CPUs to pin them to, such as 2,4-6 (-Dheadrace.cpus). Default: none")
    private Optional<String> cpus;

    @Option(
            names = "--channels",
            paramLabel = "GLOBS",
            description =
                    "Channels to consume, such as 'http.*,websocket.*' (-Dheadrace.channels)."
                            + " Default: those the application has handlers for")
    private Optional<String> channels;

    @Option(
            names = "--blocking",
            paramLabel = "N",
            description =
                    "Messages that each consumer hands to threads of their own at a time, for"
                            + " handlers that block (-Dheadrace.blocking). Default: 0, handlers run"
                            + " on the consumers' threads")
    private Optional<Integer> blocking;

    @Override
    public Integer call() throws InterruptedException {
        final WorkerContext context = new WorkerContext().directory(common.directory());
        consumers.ifPresent(context::consumers);
        cpus.ifPresent(context::cpus);
        member.idle().ifPresent(context::idle);
        channels.ifPresent(context::channels);
        blocking.ifPresent(context::blocking);
        application().configure(context);
        final StopSignal stop = member.stopSignal();
        try (Worker worker = Worker.launch(context)) {
            System.out.println(
                    "headrace worker %s: %d consumers (bus %s)"
                            .formatted(worker.id(), worker.consumerCount(), common.directory()));
            stop.await();
        }
        return 0;
    }

    private Application application() {
        if (app.equals(DEMO)) {
            return new DemoApplication();
        }
        try {
            final Class<?> type = Class.forName(app, true, classLoader());
            if (!Application.class.isAssignableFrom(type)) {
                throw new HeadraceException(
                        "application class '%s' does not implement %s"
                                .formatted(app, Application.class.getName()));
            }
            return (Application) type.getConstructor().newInstance();
        } catch (final ClassNotFoundException | NoClassDefFoundError e) {
            throw new HeadraceException(
                    "application class '%s' cannot be found%s; name the jar or folder it is in with --classpath"
                            .formatted(
                                    app,
                                    e.getMessage().contains(app)
                                            ? ""
                                            : " (it needs " + e.getMessage() + ")"),
                    e);
        } catch (final ReflectiveOperationException e) {
            throw new HeadraceException(
                    "application class '%s' cannot be made: %s; it needs a public constructor without parameters"
                            .formatted(app, e.getCause() == null ? e : e.getCause()),
                    e);
        }
    }

    private ClassLoader classLoader() {
        final ClassLoader own = WorkerCommand.class.getClassLoader();
        if (classpath == null) {
            return own;
        }
        final List<URL> urls = new ArrayList<>();
        for (final String entry : classpath.split(File.pathSeparator)) {
            final Path path = Path.of(entry);
            if (!Files.exists(path)) {
                throw new HeadraceException("--classpath entry '" + entry + "' does not exist");
            }
            try {
                urls.add(path.toUri().toURL());
            } catch (final MalformedURLException e) {
                throw new HeadraceException("--classpath entry '" + entry + "' is malformed", e);
            }
        }
        return new URLClassLoader(urls.toArray(new URL[0]), own);
    }
}
