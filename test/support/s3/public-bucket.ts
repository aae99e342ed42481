import type { S3Client } from "@aws-sdk/client-s3";
import { PutBucketPolicyCommand, PutBucketWebsiteCommand } from "@aws-sdk/client-s3";

/** Lets everybody read the variants of a bucket, and nothing else. */
export async function allowReading(client: S3Client, Bucket: string): Promise<void> {
  const Statement = [
    {
      Effect: "Allow",
      Principal: "*",
      Action: "s3:GetObject",
      Resource: `arn:aws:s3:::${Bucket}/variants/*`,
    },
  ];
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
  await client.send(new PutBucketPolicyCommand({ Bucket, Policy }));
}

/** Has the website of a bucket send those who ask for a missing variant to a service. */
export async function routeMisses(client: S3Client, Bucket: string, url: string): Promise<void> {
  await allowReading(client, Bucket);
  const RoutingRules = ["403", "404"].map((code) => ({
    Condition: { HttpErrorCodeReturnedEquals: code, KeyPrefixEquals: "variants/" },
    Redirect: { HostName: new URL(url).host, Protocol: "http" as const, HttpRedirectCode: "302" },
  }));
  const WebsiteConfiguration = { IndexDocument: { Suffix: "index.html" }, RoutingRules };
  await client.send(new PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration }));
}
