import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.StringJoiner;

import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.hdfs.MiniDFSNNTopology;
import org.apache.hadoop.hdfs.MiniDFSNNTopology.NNConf;
import org.apache.hadoop.hdfs.MiniDFSNNTopology.NSConf;
import org.apache.hadoop.hdfs.protocol.HdfsConstants.SafeModeAction;
import org.apache.hadoop.io.Text;
import org.apache.hadoop.net.ServerSocketUtil;
import org.apache.hadoop.security.Credentials;
import org.apache.hadoop.security.token.Token;
import org.apache.hadoop.security.token.TokenIdentifier;
import org.apache.log4j.ConsoleAppender;
import org.apache.log4j.Level;
import org.apache.log4j.Logger;
import org.apache.log4j.PatternLayout;

/**
 * A real HDFS in one process: one NameNode, or an active and a standby, and DataNodes. Started by test/real-parts/hadoop.ts.
 * Flags: --ha, --datanodes=N, --dir=PATH, --conf=KEY=VALUE (repeatable). Ports are free ones.
 *
 * One line of JSON with the addresses goes to stdout when everything answers; the log goes to stderr. Then one command a
 * stdin line, one JSON line an answer; the end of stdin stops it all.
 *   active N | standby N            HA state of NameNode N
 *   stop-nn N | start-nn N          NameNode N away, and back on the same ports
 *   stop-dn N | start-dn            DataNode N away, and the last one stopped back
 *   safemode on | off               of NameNode 0
 *   token-file FORMAT PATH TOKEN writes a delegation token (its URL form) as Hadoop's tools do: WRITABLE or PROTOBUF
 */
public class HadoopTestbed {
  private final Configuration conf = new Configuration();
  private final Deque<MiniDFSCluster.DataNodeProperties> stopped = new ArrayDeque<>();
  private boolean ha;
  private int datanodes = 1;
  private File dir;
  private MiniDFSCluster dfs;

  public static void main(String[] args) throws Exception {
    PrintStream out = System.out;
    System.setOut(System.err);
    Logger.getRootLogger().addAppender(
        new ConsoleAppender(new PatternLayout("%d{ABSOLUTE} %p %c{1} %m%n"), ConsoleAppender.SYSTEM_ERR));
    Logger.getRootLogger().setLevel(Level.toLevel(System.getProperty("log"), Level.WARN));
    HadoopTestbed bed = new HadoopTestbed(args);
    try {
      bed.start();
      out.println(bed.describe());
      BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
      for (String line; (line = in.readLine()) != null; ) {
        if (!line.isBlank()) out.println(bed.answer(line.trim()));
      }
    } catch (Throwable t) {
      t.printStackTrace();
      System.exit(1);
    }
    System.exit(0);
  }

  HadoopTestbed(String[] args) {
    for (String arg : args) {
      int eq = arg.indexOf('=');
      String name = eq < 0 ? arg : arg.substring(0, eq), value = eq < 0 ? "" : arg.substring(eq + 1);
      switch (name) {
        case "--ha" -> ha = true;
        case "--datanodes" -> datanodes = Integer.parseInt(value);
        case "--dir" -> dir = new File(value).getAbsoluteFile();
        case "--conf" -> {
          String[] kv = value.split("=", 2);
          conf.set(kv[0], kv[1]);
        }
        default -> throw new IllegalArgumentException("unknown flag " + arg);
      }
    }
  }

  private void start() throws Exception {
    System.setProperty("test.build.data", dir.getPath());
    conf.set(MiniDFSCluster.HDFS_MINIDFS_BASEDIR, new File(dir, "dfs").getPath());
    conf.setIfUnset("dfs.ha.tail-edits.period", "1s");
    conf.setIfUnset("dfs.client.failover.proxy.provider.ns",
        "org.apache.hadoop.hdfs.server.namenode.ha.ConfiguredFailoverProxyProvider");
    NSConf ns = new NSConf(ha ? "ns" : null);
    for (int i = 0; i < (ha ? 2 : 1); i++) {
      ns.addNN(new NNConf(ha ? "nn" + (i + 1) : null).setIpcPort(0).setHttpPort(ha ? ServerSocketUtil.getPort(0, 10) : 0));
    }
    dfs = new MiniDFSCluster.Builder(conf)
        .nnTopology(new MiniDFSNNTopology().addNameservice(ns))
        .numDataNodes(datanodes)
        .build();
    if (ha) dfs.transitionToActive(0);
    dfs.waitActive();
  }

  private String describe() throws Exception {
    StringJoiner nns = new StringJoiner(",", "[", "]");
    for (int i = 0; i < dfs.getNumNameNodes(); i++) nns.add("" + dfs.getNameNode(i).getHttpAddress().getPort());
    List<Integer> dns = new ArrayList<>();
    for (var dn : dfs.getDataNodes()) dns.add(dn.getInfoPort());
    return "{\"pid\":%d,\"namenodes\":%s,\"datanodes\":%s}".formatted(ProcessHandle.current().pid(), nns, dns);
  }

  private String answer(String line) {
    String[] w = line.split("\\s+");
    try {
      int n = w.length > 1 && w[1].matches("\\d+") ? Integer.parseInt(w[1]) : 0;
      switch (w[0]) {
        case "active" -> dfs.transitionToActive(n);
        case "standby" -> dfs.transitionToStandby(n);
        case "stop-nn" -> dfs.shutdownNameNode(n);
        case "start-nn" -> dfs.restartNameNode(n, false);
        case "stop-dn" -> stopped.push(dfs.stopDataNode(n));
        case "start-dn" -> dfs.restartDataNode(stopped.pop(), true);
        case "safemode" -> dfs.getNameNodeRpc(0).setSafeMode(
            w[1].equals("on") ? SafeModeAction.SAFEMODE_ENTER : SafeModeAction.SAFEMODE_LEAVE, false);
        case "token-file" -> {
          Token<TokenIdentifier> token = new Token<>();
          token.decodeFromUrlString(w[3]);
          Token<TokenIdentifier> other = new Token<>(new byte[] {1}, new byte[300], new Text("SOMETHING_ELSE"), new Text("127.0.0.1:1"));
          Credentials all = new Credentials();
          all.addToken(new Text("other"), other);
          all.addToken(new Text("127.0.0.1:8020"), token);
          all.writeTokenStorageFile(new Path("file://" + w[2]), conf, Credentials.SerializedFormat.valueOf(w[1]));
        }
        default -> throw new IllegalArgumentException("unknown command");
      }
      return "{\"ok\":true}";
    } catch (Exception e) {
      return "{\"ok\":false,\"error\":\"%s\"}".formatted(
          e.toString().lines().findFirst().orElse("").replace("\\", "/").replace("\"", "'"));
    }
  }
}
